package dev.lockstep.trainer.cli.options;

import dev.lockstep.trainer.config.OptimizerText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.UnmatchedArgumentException;

/** Old spellings of options, each with what to write in its place. */
public final class RenamedOptions {

  private static final Map<String, String> NEW_NAMES =
      Map.ofEntries(
          Map.entry("--compress", "--gradient-compression"),
          Map.entry("--compression", "--shard-compression"),
          Map.entry("--push-split", "--overlap-depth"),
          Map.entry("--launch-timeout", "--start-timeout"),
          Map.entry("--split", "--holdout"),
          Map.entry("--window", "--sequence-window"),
          Map.entry("--standardise", "--standardize"),
          Map.entry("--colour", "--color"));

  /** Became arguments of {@code --optimizer}, under the names that follow. */
  private static final Map<String, String> OPTIMIZER_ARGUMENTS =
      Map.ofEntries(
          Map.entry("--lr", "lr"),
          Map.entry("--learning-rate", "lr"),
          Map.entry("--momentum", "momentum"),
          Map.entry("--dampening", "dampening"),
          Map.entry("--nesterov", "nesterov"),
          Map.entry("--weight-decay", "weight-decay"),
          Map.entry("--beta1", "beta1"),
          Map.entry("--beta2", "beta2"),
          Map.entry("--epsilon", "epsilon"),
          Map.entry("--alpha", "alpha"),
          Map.entry("--centred", "centered"),
          Map.entry("--centered", "centered"),
          Map.entry("--rho", "rho"),
          Map.entry("--lr-decay", "lr-decay"),
          Map.entry("--initial-accumulator", "initial-accumulator"),
          Map.entry("--momentum-decay", "momentum-decay"),
          Map.entry("--trust-coefficient", "trust-coefficient"));

  private static final Set<String> SWITCHES = Set.of("--nesterov", "--centred", "--centered");

  private RenamedOptions() {}

  /** What to write in place of the first old spelling; nothing if there is none. */
  public static Optional<String> remedy(UnmatchedArgumentException unmatched) {
    for (String argument : unmatched.getUnmatched()) {
      String option = name(argument);
      if (NEW_NAMES.containsKey(option)) {
        return Optional.of("option " + option + " is now " + NEW_NAMES.get(option));
      }
      if (option.equals("--label")) {
        List<String> all = unmatched.getCommandLine().getParseResult().originalArgs();
        boolean isNumber = all.contains("number") || all.contains("--label=number");
        return Optional.of(
            "option --label is now --task: write --task "
                + (isNumber ? "regression" : "classification"));
      }
      if (option.equals("--updater") || OPTIMIZER_ARGUMENTS.containsKey(option)) {
        List<String> all = unmatched.getCommandLine().getParseResult().originalArgs();
        return Optional.of(
            "option "
                + option
                + " is now part of --optimizer: write --optimizer '"
                + optimizer(all)
                + "'");
      }
    }
    return Optional.empty();
  }

  /** The optimizer that the old options asked for, or an example where they do not make one. */
  private static String optimizer(List<String> all) {
    String name = null;
    boolean isUpdater = false;
    List<String> arguments = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      String option = name(all.get(i));
      String value =
          all.get(i).contains("=")
              ? all.get(i).substring(option.length() + 1)
              : i + 1 < all.size() ? all.get(i + 1) : "";
      if (option.equals("--optimizer") || option.equals("--updater")) {
        name = value;
      } else if (SWITCHES.contains(option)) {
        arguments.add(OPTIMIZER_ARGUMENTS.get(option) + "=true");
      } else if (OPTIMIZER_ARGUMENTS.containsKey(option)) {
        isUpdater |= option.equals("--learning-rate");
        arguments.add(OPTIMIZER_ARGUMENTS.get(option) + "=" + value);
      }
    }
    String first = name != null ? name : isUpdater ? "adam" : "adamw";
    try {
      return OptimizerText.parse(first + "(" + String.join(", ", arguments) + ")").toString();
    } catch (IllegalArgumentException e) {
      return "adamw(lr=1e-3, weight-decay=0.05)";
    }
  }

  private static String name(String argument) {
    return argument.split("=", 2)[0];
  }
}
