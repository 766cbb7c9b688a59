package dev.lockstep.trainer.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumFileSystem;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The file {@code metrics.jsonl} of a run: one JSON object a line, {@code {"kind":"step",…}} or
 * {@code {"kind":"epoch",…}}, with the field names of {@link StepMetrics} and {@link EpochMetrics};
 * values that were not measured are left out. Lives on the driver; for use by one thread at a time.
 *
 * <p>Lines reach the file at the end of each epoch and otherwise once a second, so that the file
 * can be followed while the run goes on (where the file system shows unfinished files).
 */
public final class MetricsLog implements Closeable {

  /** Ends the name of a log while one that goes on with it is begun. */
  public static final String BEFORE = ".before";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration FLUSH_EVERY = Duration.ofSeconds(1);

  private final Path file;
  private final FSDataOutputStream out;
  private long flushedAt = System.nanoTime();

  private MetricsLog(Path file, FSDataOutputStream out) {
    this.file = file;
    this.out = out;
  }

  /**
   * Begins an empty log; a file that is there is replaced.
   *
   * @throws IOException if the file cannot be written
   */
  public static MetricsLog create(Path file, Configuration configuration) throws IOException {
    return new MetricsLog(file, fileSystem(file, configuration).create(file, true));
  }

  /**
   * Goes on with the log of a run that is resumed after {@code step}: what the file holds up to and
   * including that step stays, what an earlier attempt wrote beyond it goes. A missing file counts
   * as empty. The old file is there, under another name, until the new one holds what stays of it:
   * a resumption that is cut short can be made again.
   *
   * @throws IOException if the file cannot be read or written
   */
  public static MetricsLog resume(Path file, Configuration configuration, long step)
      throws IOException {
    FileSystem files = fileSystem(file, configuration);
    Path old = file.suffix(BEFORE);
    if (!files.exists(old) && files.exists(file) && !files.rename(file, old)) {
      throw new IOException("cannot rename " + file + " to " + old);
    }
    Metrics before = readIfThere(file, configuration);
    MetricsLog log = create(file, configuration);
    int epochs = 0;
    for (StepMetrics metrics : before.steps()) {
      while (epochs < before.epochs().size()
          && before.epochs().get(epochs).step() < metrics.step()
          && before.epochs().get(epochs).step() <= step) {
        log.write(before.epochs().get(epochs++));
      }
      if (metrics.step() <= step) {
        log.write(metrics);
      }
    }
    while (epochs < before.epochs().size() && before.epochs().get(epochs).step() <= step) {
      log.write(before.epochs().get(epochs++));
    }
    log.flush();
    files.delete(old, false);
    return log;
  }

  /**
   * Reads a log, or the one before it where a resumption was cut short, or nothing where there is
   * none.
   */
  public static Metrics readIfThere(Path file, Configuration configuration) throws IOException {
    FileSystem files = fileSystem(file, configuration);
    Path old = file.suffix(BEFORE);
    if (files.exists(old)) {
      return read(old, configuration);
    }
    return files.exists(file) ? read(file, configuration) : new Metrics(List.of(), List.of());
  }

  /**
   * Reads a log. A last line that was cut off in mid-write is ignored.
   *
   * @throws IOException if the file cannot be read, or a line is not a record; the line is named
   */
  public static Metrics read(Path file, Configuration configuration) throws IOException {
    List<StepMetrics> steps = new ArrayList<>();
    List<EpochMetrics> epochs = new ArrayList<>();
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                fileSystem(file, configuration).open(file), StandardCharsets.UTF_8))) {
      int number = 1;
      for (String line = reader.readLine(); line != null; number++) {
        String next = reader.readLine();
        try {
          JsonNode node = JSON.readTree(line);
          switch (node.path("kind").asText()) {
            case "step" -> steps.add(step(node));
            case "epoch" -> epochs.add(epoch(node));
            default -> throw new IllegalArgumentException("kind is neither step nor epoch");
          }
        } catch (IOException | IllegalArgumentException e) {
          if (next != null) {
            throw new IOException(
                "%s line %d is not a metrics record: %s"
                    .formatted(file, number, firstLine(e.getMessage())),
                e);
          }
        }
        line = next;
      }
    }
    return new Metrics(steps, epochs);
  }

  /**
   * Adds a line.
   *
   * @throws IOException if the file cannot be written
   */
  public void write(StepMetrics metrics) throws IOException {
    ObjectNode node = JSON.createObjectNode().put("kind", "step");
    node.put("step", metrics.step());
    node.put("epoch", metrics.epoch());
    node.put("examples", metrics.examples());
    put(node, "meanLoss", metrics.meanLoss());
    put(node, "gradientNorm", metrics.gradientNorm());
    put(node, "learningRate", metrics.learningRate());
    if (metrics.skippedSteps() > 0) {
      node.put("skippedSteps", metrics.skippedSteps());
    }
    put(node, "examplesPerSecond", metrics.examplesPerSecond());
    put(node, "elapsedSeconds", metrics.elapsedSeconds());
    line(node);
    if (System.nanoTime() - flushedAt >= FLUSH_EVERY.toNanos()) {
      flush();
    }
  }

  /**
   * Adds a line and hands all lines so far to the file system.
   *
   * @throws IOException if the file cannot be written
   */
  public void write(EpochMetrics metrics) throws IOException {
    ObjectNode node = JSON.createObjectNode().put("kind", "epoch");
    node.put("epoch", metrics.epoch());
    node.put("step", metrics.step());
    node.put("examples", metrics.examples());
    put(node, "meanLoss", metrics.meanLoss());
    put(node, "validationLoss", metrics.validationLoss());
    put(node, "validationAccuracy", metrics.validationAccuracy());
    put(node, "examplesPerSecond", metrics.examplesPerSecond());
    put(node, "elapsedSeconds", metrics.elapsedSeconds());
    line(node);
    flush();
  }

  @Override
  public void close() throws IOException {
    out.close();
  }

  /**
   * Hands all lines so far to the file system.
   *
   * @throws IOException if the file cannot be written
   */
  public void flush() throws IOException {
    try {
      out.hflush();
    } catch (IOException e) {
      throw notWritten(e);
    }
    flushedAt = System.nanoTime();
  }

  private void line(ObjectNode node) throws IOException {
    try {
      out.write((JSON.writeValueAsString(node) + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw notWritten(e);
    }
  }

  private IOException notWritten(IOException e) {
    return new IOException("cannot write " + file + ": " + e.getMessage(), e);
  }

  private static void put(ObjectNode node, String name, double value) {
    if (Double.isFinite(value)) {
      node.put(name, value);
    } else if (Double.isInfinite(value)) {
      // Jackson would write a bare token that is not JSON; a diverged loss must stay visible.
      node.put(name, Double.toString(value));
    }
  }

  private static StepMetrics step(JsonNode node) {
    return new StepMetrics(
        node.path("step").asLong(),
        node.path("epoch").asInt(),
        node.path("examples").asLong(),
        number(node, "meanLoss"),
        number(node, "gradientNorm"),
        number(node, "learningRate"),
        number(node, "examplesPerSecond"),
        number(node, "elapsedSeconds"),
        node.path("skippedSteps").asLong(0));
  }

  private static EpochMetrics epoch(JsonNode node) {
    return new EpochMetrics(
        node.path("epoch").asInt(),
        node.path("step").asLong(),
        node.path("examples").asLong(),
        number(node, "meanLoss"),
        number(node, "validationLoss"),
        number(node, "validationAccuracy"),
        number(node, "examplesPerSecond"),
        number(node, "elapsedSeconds"));
  }

  private static double number(JsonNode node, String name) {
    JsonNode value = node.path(name);
    return value.isTextual() ? Double.parseDouble(value.asText()) : value.asDouble(Double.NaN);
  }

  private static String firstLine(String message) {
    return message == null ? "" : message.lines().findFirst().orElse("");
  }

  private static FileSystem fileSystem(Path file, Configuration configuration) throws IOException {
    FileSystem files = file.getFileSystem(configuration);
    // The checksummed local file system holds lines back and litters .crc files.
    return files instanceof ChecksumFileSystem checksummed ? checksummed.getRawFileSystem() : files;
  }
}
