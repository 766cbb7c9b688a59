package dev.lockstep.trainer.cli.options;

import picocli.CommandLine.Option;

/** Options that every command has. */
public final class StandardOptions {

  public static final String HELP_ALL = "--help-all";

  @Option(
      names = {"-h", "--help", HELP_ALL},
      usageHelp = true,
      description = "Print the common options, or with --help-all every option.")
  boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Print the version.")
  boolean version;
}
