package dev.lockstep.trainer.report;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumFileSystem;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.StreamCapabilities;

/**
 * The file {@code metrics.jsonl} of a run: one JSON object a line, {@code {"kind":"step",…}} or
 * {@code {"kind":"epoch",…}}, with the field names of {@link StepMetrics} and {@link EpochMetrics};
 * values that were not measured are left out. Lives on the driver; for use by one thread at a time.
 *
 * <p>Lines reach the file at the end of each epoch and otherwise once a second, so that the file
 * can be followed while the run goes on. Where the file system shows a file only once it is closed
 * (object stores), the lines are kept beside it until then:
 *
 * <pre>
 * metrics.jsonl               while a launch goes on: what it writes, or nothing yet
 * metrics.jsonl.before        what was there before a launch that goes on with it
 * metrics.jsonl.kept/000001   lines since, in the order of their numbers; a later file
 *                             takes the place of the steps that it begins with
 * </pre>
 */
public final class MetricsLog implements Closeable {

  /** Ends the name of a log while one that goes on with it is begun. */
  public static final String BEFORE = ".before";

  /** Ends the name of the folder of lines that the log itself does not show yet. */
  public static final String KEPT = ".kept";

  private static final Duration FLUSH_EVERY = Duration.ofSeconds(1);

  private final Path file;
  private final FileSystem files;
  private final FSDataOutputStream out;

  /** Whether lines can be read before the file is closed. */
  private final boolean isShown;

  private final StringBuilder unkept = new StringBuilder();
  private int kept;
  private long flushedAt = System.nanoTime();

  private MetricsLog(Path file, FileSystem files) throws IOException {
    this.file = file;
    this.files = files;
    this.out = files.create(file, true);
    this.isShown = out.hasCapability(StreamCapabilities.HSYNC);
  }

  /**
   * Goes on with the log of a run that is resumed after {@code step}: what was written up to and
   * including that step stays, what an earlier attempt wrote beyond it goes. A missing file counts
   * as empty. What was there before is there until the new file shows what stays of it: a
   * resumption that is cut short can be made again.
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
    List<Path> parts = parts(file, files);
    MetricsLog log = new MetricsLog(file, files);
    log.kept = parts.isEmpty() ? 0 : number(parts.get(parts.size() - 1));
    log.copy(before, step);
    log.flush();
    if (log.isShown) {
      log.dropWhatWasBefore();
    }
    return log;
  }

  /** Does not keep them: they are kept already. */
  private void copy(Metrics before, long step) throws IOException {
    List<EpochMetrics> epochs =
        before.epochs().stream().filter(metrics -> metrics.step() <= step).toList();
    int copied = 0;
    for (StepMetrics metrics : before.steps()) {
      while (copied < epochs.size() && epochs.get(copied).step() < metrics.step()) {
        append(MetricsLines.of(epochs.get(copied++)));
      }
      if (metrics.step() <= step) {
        append(MetricsLines.of(metrics));
      }
    }
    while (copied < epochs.size()) {
      append(MetricsLines.of(epochs.get(copied++)));
    }
  }

  // ---- reading --------------------------------------------------------------------------------

  /**
   * Reads what was written of a run, also where a launch of it was cut short, or nothing where
   * there is none.
   */
  public static Metrics readIfThere(Path file, Configuration configuration) throws IOException {
    FileSystem files = fileSystem(file, configuration);
    List<StepMetrics> steps = new ArrayList<>();
    List<EpochMetrics> epochs = new ArrayList<>();
    Path old = file.suffix(BEFORE);
    Path first = files.exists(old) ? old : file;
    if (files.exists(first)) {
      Metrics before = read(first, configuration);
      steps.addAll(before.steps());
      epochs.addAll(before.epochs());
    }
    for (Path part : parts(file, files)) {
      Metrics next = read(part, configuration);
      long firstStep =
          next.steps().stream().mapToLong(StepMetrics::step).min().orElse(Long.MAX_VALUE);
      long firstEpochEnd =
          next.epochs().stream().mapToLong(EpochMetrics::step).min().orElse(Long.MAX_VALUE);
      steps.removeIf(metrics -> metrics.step() >= firstStep);
      epochs.removeIf(metrics -> metrics.step() >= Math.min(firstStep, firstEpochEnd));
      steps.addAll(next.steps());
      epochs.addAll(next.epochs());
    }
    return new Metrics(steps, epochs);
  }

  /**
   * Reads a log. A last line that was cut off in mid-write is ignored.
   *
   * @throws IOException if the file cannot be read, or a line is not a record; the line is named
   */
  public static Metrics read(Path file, Configuration configuration) throws IOException {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                fileSystem(file, configuration).open(file), StandardCharsets.UTF_8))) {
      return MetricsLines.read(reader, file.toString());
    }
  }

  private static List<Path> parts(Path file, FileSystem files) throws IOException {
    Path folder = file.suffix(KEPT);
    return files.exists(folder)
        ? Arrays.stream(files.listStatus(folder))
            .map(FileStatus::getPath)
            .sorted(Comparator.comparingInt(MetricsLog::number))
            .toList()
        : List.of();
  }

  private static int number(Path part) {
    return Integer.parseInt(part.getName());
  }

  // ---- writing --------------------------------------------------------------------------------

  /**
   * Adds a line.
   *
   * @throws IOException if the file cannot be written
   */
  public void write(StepMetrics metrics) throws IOException {
    add(MetricsLines.of(metrics));
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
    add(MetricsLines.of(metrics));
    flush();
  }

  /**
   * Makes all lines so far outlive this process: what a run that is resumed will not write again.
   *
   * @throws IOException if they cannot be written
   */
  public void keep() throws IOException {
    flush();
    if (isShown || unkept.isEmpty()) {
      return;
    }
    Path part = new Path(file.suffix(KEPT), String.format(Locale.ROOT, "%06d", kept + 1));
    try (OutputStream lines = files.create(part, true)) {
      lines.write(unkept.toString().getBytes(StandardCharsets.UTF_8));
    }
    kept++;
    unkept.setLength(0);
  }

  @Override
  public void close() throws IOException {
    out.close();
    dropWhatWasBefore();
  }

  /** The lines that were kept go last: they hold more than what was there before them. */
  private void dropWhatWasBefore() throws IOException {
    files.delete(file.suffix(BEFORE), false);
    files.delete(file.suffix(KEPT), true);
  }

  private void flush() throws IOException {
    try {
      if (isShown) {
        out.hflush();
      } else {
        out.flush();
      }
    } catch (IOException e) {
      throw notWritten(e);
    }
    flushedAt = System.nanoTime();
  }

  private void add(String line) throws IOException {
    append(line);
    if (!isShown) {
      unkept.append(line);
    }
  }

  private void append(String line) throws IOException {
    try {
      out.write(line.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw notWritten(e);
    }
  }

  private IOException notWritten(IOException e) {
    return new IOException("cannot write " + file + ": " + e.getMessage(), e);
  }

  private static FileSystem fileSystem(Path file, Configuration configuration) throws IOException {
    FileSystem files = file.getFileSystem(configuration);
    // The checksummed local file system holds lines back and litters .crc files.
    return files instanceof ChecksumFileSystem checksummed ? checksummed.getRawFileSystem() : files;
  }
}
