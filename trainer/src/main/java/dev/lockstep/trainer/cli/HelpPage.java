package dev.lockstep.trainer.cli;

import dev.lockstep.trainer.cli.options.Heading;
import java.util.Comparator;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** The help of a command with many options: under headings, the common ones or all. */
final class HelpPage {

  private static final int WIDTH = 110;
  private static final Comparator<OptionSpec> ORDER =
      Comparator.comparing((OptionSpec each) -> !Heading.isCommon(each))
          .thenComparing(OptionSpec::longestName);
  private static final int OPTION_WIDTH = 32;

  private HelpPage() {}

  /**
   * Replaces the list of options of every command that has headings.
   *
   * @param all whether the help lists every option, and not the common ones alone
   */
  static void install(CommandLine line, boolean all) {
    for (CommandLine each : line.getSubcommands().values()) {
      CommandSpec command = each.getCommandSpec();
      if (command.options().stream().anyMatch(o -> Heading.of(o) != Heading.OTHER)) {
        UsageMessageSpec usage = command.usageMessage();
        usage.width(WIDTH).longOptionsMaxWidth(OPTION_WIDTH).abbreviateSynopsis(true);
        usage.sectionMap().put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, h -> options(h, all));
        if (!all) {
          usage.footer("%s --help-all lists every option.".formatted(command.qualifiedName()));
        }
      }
    }
  }

  private static String options(Help help, boolean all) {
    StringBuilder text = new StringBuilder();
    for (Heading heading : Heading.values()) {
      List<OptionSpec> options =
          help.commandSpec().options().stream()
              .filter(each -> Heading.of(each) == heading && (all || Heading.isCommon(each)))
              .sorted(ORDER)
              .toList();
      if (!options.isEmpty()) {
        Help.Layout layout = help.createDefaultLayout();
        layout.addOptions(options, help.createDefaultParamLabelRenderer());
        text.append(heading.title).append(":").append(System.lineSeparator()).append(layout);
      }
    }
    return text.toString();
  }
}
