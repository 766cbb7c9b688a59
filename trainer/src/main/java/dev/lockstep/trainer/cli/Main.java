package dev.lockstep.trainer.cli;

import dev.lockstep.trainer.cli.options.OptionTypes;
import dev.lockstep.trainer.cli.options.StandardOptions;
import dev.lockstep.trainer.cluster.UnfitSparkException;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.ServiceLoader;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The {@code lockstep} command. Exit codes: 0 success, 2 bad usage or configuration, 1 failure;
 * each failure is one line on standard error, with a stack trace only under {@code --debug}.
 */
@Command(
    name = "lockstep",
    versionProvider = Main.Version.class,
    description =
        "Trains Deeplearning4j models on Apache Spark, with the same bits on any cluster.",
    subcommands = {
      TrainCommand.class,
      ShardCommand.class,
      EvaluateCommand.class,
      InspectCommand.class,
      DoctorCommand.class,
    })
public final class Main implements Runnable {

  @Spec private CommandSpec spec;
  @Mixin StandardOptions standard;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Print the stack trace of a failure.")
  private boolean debug;

  private Main() {}

  /** Runs a command and ends the process with its exit code. */
  public static void main(String[] args) {
    System.exit(run(args));
  }

  /**
   * Runs a command in this process.
   *
   * @return its exit code
   */
  public static int run(String... args) {
    return run(
        new PrintWriter(System.out, true, Charset.defaultCharset()),
        new PrintWriter(System.err, true, Charset.defaultCharset()),
        args);
  }

  /**
   * Runs a command in this process.
   *
   * @param out takes the place of standard output
   * @param err takes the place of standard error
   * @return its exit code
   */
  public static int run(PrintWriter out, PrintWriter err, String... args) {
    Main main = new Main();
    CommandLine line = new CommandLine(main);
    for (CommandProvider provider : ServiceLoader.load(CommandProvider.class)) {
      line.addSubcommand(provider.command());
    }
    OptionTypes.register(line);
    HelpPage.install(line, Arrays.asList(args).contains(StandardOptions.HELP_ALL));
    line.setOut(out);
    line.setErr(err);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setExecutionExceptionHandler(
        (failure, command, parsed) -> {
          if (main.debug) {
            err.print(FailureLine.stackTrace(failure));
          }
          err.println("lockstep: " + FailureLine.of(failure));
          err.flush();
          return failure instanceof IllegalArgumentException
                  || failure instanceof UnfitSparkException
              ? CommandLine.ExitCode.USAGE
              : CommandLine.ExitCode.SOFTWARE;
        });
    line.setParameterExceptionHandler(
        (failure, parsed) -> {
          if (main.debug) {
            err.print(FailureLine.stackTrace(failure));
          }
          err.printf(
              "lockstep: %s: see %s --help%n",
              FailureLine.of(failure), failure.getCommandLine().getCommandSpec().qualifiedName());
          err.flush();
          return CommandLine.ExitCode.USAGE;
        });
    return line.execute(args);
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  /** Lockstep's version and what it stands on. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Main.class.getPackage().getImplementationVersion();
      return new String[] {"lockstep " + (version == null ? "development build" : version)};
    }
  }
}
