package dev.lockstep.trainer.cli;

import static dev.lockstep.trainer.cli.Ended.lockstep;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.transport.rpc.SparkSetting;
import dev.lockstep.trainer.cli.options.Heading;
import dev.lockstep.trainer.config.OptimizerName;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class HelpTest {

  private static final Pattern OPTION = Pattern.compile(" +(?:-\\w, )?(--[\\w-]+).*");

  @ParameterizedTest
  @ValueSource(strings = {"train", "shard", "evaluate"})
  void eachOptionIsUnderExactlyOneHeading(String command) {
    Map<String, List<String>> byHeading = optionsByHeading(help(command, "--help-all"));
    assertEquals(List.of("--debug", "--help", "--version"), byHeading.get("Other"));
    List<String> listed = byHeading.values().stream().flatMap(List::stream).sorted().toList();
    Object instance =
        switch (command) {
          case "train" -> new TrainCommand();
          case "shard" -> new ShardCommand();
          default -> new EvaluateCommand();
        };
    List<String> options = new ArrayList<>(List.of("--debug"));
    new CommandLine(instance)
        .getCommandSpec()
        .options()
        .forEach(
            option ->
                options.add(
                    option.longestName().equals("--help-all") ? "--help" : option.longestName()));
    assertEquals(options.stream().sorted().toList(), listed);
  }

  @ParameterizedTest
  @ValueSource(strings = {"train", "shard", "evaluate"})
  void helpFitsOnAScreenAndNamesTheLongForm(String command) {
    String help = help(command, "--help");
    assertTrue(help.lines().count() <= 60, help);
    assertTrue(help.lines().allMatch(line -> line.length() <= 110), help);
    assertTrue(help.contains("lockstep " + command + " --help-all lists every option."), help);
    assertFalse(help.contains("--shard-megabytes"), help);
  }

  @Test
  void trainHasTheHeadingsOfTheConfiguration() {
    assertEquals(
        Arrays.stream(Heading.values()).map(each -> each.title).toList(),
        List.copyOf(optionsByHeading(help("train", "--help")).keySet()));
  }

  @Test
  void theLongFormListsOptimizersSchedulesAndSparkSettings() {
    String help = help("train", "--help-all");
    for (SparkSetting setting : SparkSetting.values()) {
      assertTrue(help.contains("  " + setting.key() + ": "), setting::key);
    }
    for (OptimizerName name : OptimizerName.values()) {
      assertTrue(help.contains(name.text() + "(lr"), name::text);
    }
    assertTrue(help.contains("  cosine(for, to=0): "), help);
    assertTrue(help.contains("An option wins over the file of --config, and the file over the"));
  }

  private static String help(String command, String option) {
    return lockstep(command, option).succeeded().beforeAnyJob().out();
  }

  private static Map<String, List<String>> optionsByHeading(String help) {
    Map<String, List<String>> all = new LinkedHashMap<>();
    List<String> current = new ArrayList<>();
    for (String line : help.lines().toList()) {
      Matcher option = OPTION.matcher(line);
      if (Arrays.stream(Heading.values()).anyMatch(each -> line.equals(each.title + ":"))) {
        current = all.computeIfAbsent(line.substring(0, line.length() - 1), k -> new ArrayList<>());
      } else if ((option.matches() && line.startsWith("  -")) || line.startsWith("      --")) {
        assertTrue(option.matches(), line);
        current.add(option.group(1));
      }
    }
    return all;
  }
}
