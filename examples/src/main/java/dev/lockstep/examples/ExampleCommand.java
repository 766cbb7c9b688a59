package dev.lockstep.examples;

import dev.lockstep.examples.descent.OneDimension;
import dev.lockstep.examples.descent.TwoDimensions;
import dev.lockstep.examples.linear.AdaGradDescent;
import dev.lockstep.examples.linear.BiasVariance;
import dev.lockstep.examples.linear.LinearDescent;
import dev.lockstep.examples.linear.Quadratic;
import dev.lockstep.examples.mnist.DigitDescent;
import dev.lockstep.examples.mnist.DroppedUnits;
import dev.lockstep.examples.mnist.InitialWeights;
import dev.lockstep.examples.mnist.NormalizedLayers;
import dev.lockstep.examples.plane.Optimizers;
import dev.lockstep.examples.plane.Schedules;
import dev.lockstep.examples.recurrent.RnnClipping;
import dev.lockstep.examples.scale.LargeDataset;
import dev.lockstep.examples.scale.Modes;
import dev.lockstep.trainer.cli.CommandProvider;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lockstep example NAME}: runs an example; without a name, lists them. */
@Command(
    name = "example",
    mixinStandardHelpOptions = true,
    description = "Runs an example and makes a page of its pictures; without NAME, lists them.",
    synopsisSubcommandLabel = "[NAME]",
    commandListHeading = "%nExamples:%n",
    subcommands = {
      LinearDescent.Batch.class,
      LinearDescent.Stochastic.class,
      LinearDescent.MiniBatch.class,
      BiasVariance.class,
      Quadratic.class,
      DigitDescent.Batch.class,
      DigitDescent.Stochastic.class,
      DigitDescent.MiniBatch.class,
      NormalizedLayers.class,
      InitialWeights.class,
      DroppedUnits.class,
      RnnClipping.class,
      AdaGradDescent.class,
      OneDimension.class,
      TwoDimensions.class,
      Optimizers.class,
      Schedules.class,
      LargeDataset.class,
      Modes.class,
    })
final class ExampleCommand implements Callable<Integer> {

  /** Adds this command to {@code lockstep}. */
  public static final class Provider implements CommandProvider {
    @Override
    public Object command() {
      return new ExampleCommand();
    }
  }

  @Spec private CommandSpec spec;

  @Option(names = "--names", description = "List the names alone, one a line.")
  private boolean namesOnly;

  @Override
  public Integer call() {
    CommandLine examples = spec.commandLine();
    PrintWriter console = examples.getOut();
    if (namesOnly) {
      examples.getSubcommands().keySet().forEach(console::println);
    } else {
      examples.usage(console);
    }
    console.flush();
    return 0;
  }
}
