package dev.lockstep.examples.lab;

import dev.lockstep.trainer.numeric.NumericProfile;
import dev.lockstep.trainer.report.page.HtmlReport;
import dev.lockstep.trainer.report.page.Page;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * One example, {@code lockstep example NAME}. {@link #run} is its content; this class opens a Spark
 * session for it and writes its page. A subclass has {@code @Command} with a description of one
 * sentence, and its options in fields.
 */
@Command(mixinStandardHelpOptions = true, sortOptions = false)
public abstract class Experiment implements Callable<Integer> {

  @Spec private CommandSpec spec;
  @Mixin private LabOptions options;

  /**
   * Runs the experiment.
   *
   * @return its results; the lead says what to look for
   */
  protected abstract Page run(Lab lab) throws IOException;

  /**
   * The lab that the options configure.
   *
   * @param spark called when the experiment first needs it; the caller closes it
   */
  public final Lab lab(Supplier<JavaSparkContext> spark) {
    Path folder = options.folder().resolve(spec.name()).toAbsolutePath();
    return new Lab(spark, folder, options, spec.commandLine().getOut());
  }

  @Override
  public final Integer call() throws IOException {
    NumericProfile profile = NumericProfile.named(options.numericProfile());
    try (LazySession session = new LazySession("example " + spec.name(), profile)) {
      Lab lab = lab(session);
      Page page = run(lab);
      Path file = lab.folder().resolve("index.html");
      HtmlReport.write(page, file);
      print(spec.commandLine().getOut(), page, file);
    }
    return 0;
  }

  private static void print(PrintWriter console, Page page, Path file) {
    console.printf("%n%s%n%n%s%n%n", page.title(), page.lead());
    for (Page.Section section : page.sections()) {
      if (section instanceof Page.Figures figures) {
        figures
            .figures()
            .forEach(figure -> console.printf("%-48s  %s%n", figure.label(), figure.value()));
      }
    }
    console.printf("%npage  %s%n", file);
    console.flush();
  }
}
