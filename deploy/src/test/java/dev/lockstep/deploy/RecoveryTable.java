package dev.lockstep.deploy;

import dev.lockstep.deploy.faults.Fault;
import dev.lockstep.deploy.faults.Strike;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What was struck how often, and how long it took to go on. For one thread. */
final class RecoveryTable {

  private static final String ROW = "| %-34s | %6s | %9s | %10s | %7s |%n";

  private final Map<String, Row> rows = new TreeMap<>();

  private static final class Row {
    private int struck;
    private final List<Double> seconds = new ArrayList<>();
  }

  /** Adds a strike, which may not have been got over. */
  void struck(String where, Strike strike) {
    row(where, strike.fault()).struck++;
  }

  /** Adds what followed a strike. */
  void recovered(String where, StruckTraining.Recovery recovery) {
    row(where, recovery.strike().fault()).seconds.add(recovery.untilNextStep().toMillis() / 1e3);
  }

  private Row row(String where, Fault fault) {
    String kind = where + ": " + fault.blow() + " " + fault.point();
    return rows.computeIfAbsent(kind.toLowerCase(Locale.ROOT), absent -> new Row());
  }

  /** How many faults have struck. */
  int strikes() {
    return rows.values().stream().mapToInt(row -> row.struck).sum();
  }

  /** Prints the table, and writes it where the build leaves its reports. */
  void publish(Path file, String heading) throws IOException {
    StringBuilder text = new StringBuilder(heading).append(System.lineSeparator());
    text.append(String.format(ROW, "fault", "struck", "recovered", "median (s)", "max (s)"));
    text.append(String.format(ROW, "---", "---:", "---:", "---:", "---:"));
    rows.forEach((kind, row) -> text.append(line(kind, row)));
    Row all = new Row();
    rows.values()
        .forEach(
            row -> {
              all.struck += row.struck;
              all.seconds.addAll(row.seconds);
            });
    text.append(line("all", all));
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    System.out.println(text);
  }

  private static String line(String kind, Row row) {
    List<Double> sorted = row.seconds.stream().sorted().toList();
    return String.format(
        ROW,
        kind,
        row.struck,
        sorted.size(),
        sorted.isEmpty() ? "" : String.format(Locale.ROOT, "%.1f", sorted.get(sorted.size() / 2)),
        sorted.isEmpty() ? "" : String.format(Locale.ROOT, "%.1f", sorted.get(sorted.size() - 1)));
  }
}
