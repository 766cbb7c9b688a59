package dev.lockstep.deploy;

import dev.lockstep.deploy.faults.Fault;
import dev.lockstep.deploy.faults.FaultEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** How often each kind of fault was injected, and how long recovery took. For one thread. */
final class RecoveryTable {

  private static final String ROW = "| %-34s | %6s | %9s | %10s | %7s |%n";

  private final Map<String, Row> rows = new TreeMap<>();

  private static final class Row {
    private int injected;
    private final List<Double> seconds = new ArrayList<>();
  }

  /** Counts an injected fault, which may not have been recovered from. */
  void injected(String where, FaultEvent event) {
    row(where, event.fault()).injected++;
  }

  /** Adds the recovery from a fault. */
  void recovered(String where, FaultedTraining.Recovery recovery) {
    row(where, recovery.event().fault()).seconds.add(recovery.untilNextStep().toMillis() / 1e3);
  }

  private Row row(String where, Fault fault) {
    String kind = where + ": " + fault.action() + " " + fault.point();
    return rows.computeIfAbsent(kind.toLowerCase(Locale.ROOT), absent -> new Row());
  }

  /** How many faults were injected. */
  int faults() {
    return rows.values().stream().mapToInt(row -> row.injected).sum();
  }

  /** Prints the table, and writes it where the build leaves its reports. */
  void publish(Path file, String heading) throws IOException {
    StringBuilder text = new StringBuilder(heading).append(System.lineSeparator());
    text.append(String.format(ROW, "fault", "count", "recovered", "median (s)", "max (s)"));
    text.append(String.format(ROW, "---", "---:", "---:", "---:", "---:"));
    rows.forEach((kind, row) -> text.append(line(kind, row)));
    Row all = new Row();
    rows.values()
        .forEach(
            row -> {
              all.injected += row.injected;
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
        row.injected,
        sorted.size(),
        sorted.isEmpty() ? "" : String.format(Locale.ROOT, "%.1f", sorted.get(sorted.size() / 2)),
        sorted.isEmpty() ? "" : String.format(Locale.ROOT, "%.1f", sorted.get(sorted.size() - 1)));
  }
}
