package dev.lockstep.trainer.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A run as its report shows it. Lives on the driver.
 *
 * @param title heading of the page
 * @param facts what came out, in the order shown: accuracy, time, {@code parametersSha256}, …
 * @param configuration what was asked for, in the order shown
 * @param metrics the curves
 */
public record TrainingReport(
    String title, Map<String, String> facts, Map<String, String> configuration, Metrics metrics) {

  /** Copies the maps, keeping their order. */
  public TrainingReport {
    facts = Collections.unmodifiableMap(new LinkedHashMap<>(facts));
    configuration = Collections.unmodifiableMap(new LinkedHashMap<>(configuration));
  }

  /** The page of this run; {@link HtmlReport#render} makes it HTML. */
  public Page page() {
    return new Page(title, "", List.of());
  }
}
