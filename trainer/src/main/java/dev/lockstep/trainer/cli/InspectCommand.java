package dev.lockstep.trainer.cli;

import dev.lockstep.ps.clip.Clipping;
import dev.lockstep.ps.layout.Block;
import dev.lockstep.ps.optim.UpdatePlan;
import dev.lockstep.sharding.AddressSecrets;
import dev.lockstep.sharding.DatasetManifest;
import dev.lockstep.sharding.FittedColumn;
import dev.lockstep.sharding.FittedTensor;
import dev.lockstep.sharding.ShardedDataset;
import dev.lockstep.sharding.TensorSpec;
import dev.lockstep.sharding.TensorStatistics;
import dev.lockstep.sharding.store.ShardedDatasets;
import dev.lockstep.trainer.cli.options.ModelOptions;
import dev.lockstep.trainer.cli.options.StandardOptions;
import dev.lockstep.trainer.model.file.InitialModel;
import dev.lockstep.trainer.model.network.BuiltModel;
import dev.lockstep.trainer.output.RunFolder;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lockstep inspect}. */
@Command(
    name = "inspect",
    description = "Shows what a dataset of data shards, a model file or a finished run holds.")
final class InspectCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin StandardOptions standard;

  @Parameters(
      paramLabel = "PATH",
      description = "Folder of data shards, folder of a run, or a model file; any Hadoop URI.")
  private String location;

  @Override
  public Integer call() throws IOException {
    AddressSecrets.requireNone("path", location);
    Configuration hadoop = new Configuration();
    Path path = new Path(location);
    FileSystem files = path.getFileSystem(hadoop);
    PrintWriter console = spec.commandLine().getOut();
    if (!files.exists(path)) {
      throw new IllegalArgumentException(
          "path=" + location + " does not exist: give a dataset, a run or a model file");
    }
    if (files.getFileStatus(path).isFile()) {
      print(console, ModelOptions.read(location, hadoop));
    } else if (files.exists(new Path(path, RunFolder.RECORD))) {
      try (InputStream in = files.open(new Path(path, RunFolder.RECORD))) {
        console.println(new String(in.readAllBytes(), StandardCharsets.UTF_8));
      }
    } else {
      print(console, ShardedDatasets.open(location, hadoop));
    }
    console.flush();
    return 0;
  }

  private static void print(PrintWriter console, ShardedDataset dataset) {
    DatasetManifest set = dataset.manifest();
    console.println("dataset      " + dataset.location());
    console.println("name         " + set.name());
    console.println("fingerprint  " + set.fingerprint());
    console.printf(
        Locale.ROOT,
        "examples     %,d in %,d blocks of %,d shards%n",
        set.examples(),
        set.blockSizes().length,
        set.shards().size());
    for (TensorSpec tensor : set.tensors()) {
      console.printf(
          Locale.ROOT,
          "tensor       %s %s %s %s%n",
          tensor.name(),
          tensor.role().name().toLowerCase(Locale.ROOT),
          tensor.encoding().name().toLowerCase(Locale.ROOT),
          tensor.shape());
    }
    for (TensorStatistics each : set.statistics()) {
      console.printf(
          Locale.ROOT,
          "values       %s %s of %,d examples: %s%n",
          each.split().name().toLowerCase(Locale.ROOT),
          each.tensor(),
          each.examples(),
          each.classCounts().isEmpty()
              ? String.format(
                  Locale.ROOT,
                  "min %.4g, max %.4g, mean %.4g, deviation %.4g",
                  each.numbers().min(),
                  each.numbers().max(),
                  each.numbers().mean(),
                  each.numbers().deviation())
              : "by class " + each.classCounts());
    }
    if (set.recipe().fitted() != null) {
      for (FittedTensor tensor : set.recipe().fitted().tensors()) {
        tensor.columns().forEach(column -> print(console, tensor, column));
      }
    }
    set.classes()
        .forEach((tensor, names) -> console.println("classes      " + tensor + " " + names));
    set.provenance().forEach((key, value) -> console.println("from         " + key + "=" + value));
  }

  private static void print(PrintWriter console, FittedTensor tensor, FittedColumn column) {
    String fitted =
        switch (column.transform()) {
          case NUMBER, CLASS -> "";
          case ONE_HOT -> " of " + column.categories();
          case STANDARDIZE -> " with mean " + column.shift() + " and deviation " + column.divisor();
          case MIN_MAX -> " from " + column.shift() + " over " + column.divisor();
        };
    console.println(
        "column       "
            + column.column()
            + " in "
            + tensor.tensor()
            + ", "
            + column.transform().name().toLowerCase(Locale.ROOT)
            + fitted
            + (column.fill().isEmpty() ? "" : ", missing values " + column.fill()));
  }

  private static void print(PrintWriter console, InitialModel model) {
    UpdatePlan plan = BuiltModel.of(model.definition(), 0).updatePlan(new Clipping.None());
    console.println("model        " + model.definition().kind().name().toLowerCase(Locale.ROOT));
    console.printf(Locale.ROOT, "parameters   %,d%n", plan.layout().parameters());
    console.println(
        "trained      "
            + (model.saved().isEmpty()
                ? "no"
                : model.iterations() + " steps, " + model.epochs() + " epochs"));
    for (int i = 0; i < plan.layout().blocks().size(); i++) {
      Block block = plan.layout().blocks().get(i);
      console.printf(
          Locale.ROOT,
          "block        %-12s %,12d  %s%n",
          block.name(),
          block.length(),
          plan.rules().get(i).optimizer());
    }
  }
}
