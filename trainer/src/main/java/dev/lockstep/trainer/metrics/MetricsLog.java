package dev.lockstep.trainer.metrics;

import dev.lockstep.sharding.store.AtomicFile;
import dev.lockstep.sharding.store.IfExists;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
 * metrics.jsonl                     while an attempt runs:   what it writes, or nothing yet
 * metrics.jsonl.before              what was there before an attempt that resumes it
 * metrics.jsonl.kept/00003-000001   lines since, by attempt and in order: a later file takes
 *                                   the place of all from the step on that it begins with
 * </pre>
 */
public final class MetricsLog implements Closeable {

  /** Ends the name of a log that another goes on with, until that one shows what is in it. */
  public static final String BEFORE = ".before";

  /** Ends the name of the folder of lines that the log itself does not show yet. */
  public static final String KEPT = ".kept";

  private static final Duration FLUSH_EVERY = Duration.ofSeconds(1);
  private static final Pattern PART = Pattern.compile("([0-9]{5,9})-[0-9]{6,9}");

  private final Path file;
  private final FileSystem files;
  private final int attempt;
  private final FSDataOutputStream out;

  /** Whether lines can be read before the file is closed. */
  private final boolean isShown;

  private final StringBuilder unkept = new StringBuilder();
  private int parts;
  private boolean isWhole = true;
  private long flushedAt = System.nanoTime();

  private MetricsLog(Path file, FileSystem files, int attempt) throws IOException {
    this.file = file;
    this.files = files;
    this.attempt = attempt;
    this.out = files.create(file, true);
    this.isShown = out.hasCapability(StreamCapabilities.HSYNC);
  }

  /**
   * Goes on with the log of a run that is resumed after {@code step}: what was written up to and
   * including that step stays, what an earlier attempt wrote beyond it goes. A missing file counts
   * as empty. What was there before is there until the new file shows what stays of it: a
   * resumption that is cut short can be made again.
   *
   * @param attempt number of the attempt that writes; no other has it
   * @throws IOException if the file cannot be read or written
   */
  public static MetricsLog resume(Path file, Configuration configuration, long step, int attempt)
      throws IOException {
    FileSystem files = fileSystem(file, configuration);
    Path old = file.suffix(BEFORE);
    if (!files.exists(old) && files.exists(file) && !files.rename(file, old)) {
      throw new IOException("cannot rename " + file + " to " + old);
    }
    Metrics before = readIfThere(file, configuration);
    MetricsLog log = new MetricsLog(file, files, attempt);
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
   * Reads what was written of a run, also where an attempt was cut short, or nothing where there is
   * none.
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
      while (!steps.isEmpty() && steps.get(steps.size() - 1).step() >= firstStep) {
        steps.remove(steps.size() - 1);
      }
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

  /** In their order. */
  private static List<Path> parts(Path file, FileSystem files) throws IOException {
    Path folder = file.suffix(KEPT);
    return files.exists(folder)
        ? Arrays.stream(files.listStatus(folder))
            .map(FileStatus::getPath)
            .filter(part -> PART.matcher(part.getName()).matches())
            .sorted(Comparator.comparing(Path::getName))
            .toList()
        : List.of();
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
    String name = String.format(Locale.ROOT, "%05d-%06d", attempt, parts + 1);
    Path part = new Path(file.suffix(KEPT), name);
    try {
      AtomicFile.put(
          files, part, unkept.toString().getBytes(StandardCharsets.UTF_8), IfExists.REPLACE);
    } catch (IOException e) {
      throw notWritten(part, e);
    }
    parts++;
    unkept.setLength(0);
  }

  @Override
  public void close() throws IOException {
    out.close();
    if (!isShown && isWhole) {
      dropWhatWasBefore();
    }
  }

  /**
   * Of what is kept, the oldest goes first: at any moment what is left stands for the end of the
   * file. What a later attempt keeps is not of this log.
   */
  private void dropWhatWasBefore() throws IOException {
    files.delete(file.suffix(BEFORE), false);
    boolean isAll = true;
    for (Path part : parts(file, files)) {
      if (attempt(part) <= attempt) {
        files.delete(part, false);
      } else {
        isAll = false;
      }
    }
    if (isAll) {
      files.delete(file.suffix(KEPT), true);
    }
  }

  private static int attempt(Path part) {
    Matcher name = PART.matcher(part.getName());
    return name.matches() ? Integer.parseInt(name.group(1)) : 0;
  }

  private void flush() throws IOException {
    try {
      if (isShown) {
        out.hflush();
      } else {
        out.flush();
      }
    } catch (IOException e) {
      throw notWritten(file, e);
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
      throw notWritten(file, e);
    }
  }

  private IOException notWritten(Path what, IOException e) {
    isWhole = false;
    return new IOException("cannot write " + what + ": " + e.getMessage(), e);
  }

  private static FileSystem fileSystem(Path file, Configuration configuration) throws IOException {
    FileSystem files = file.getFileSystem(configuration);
    // The checksummed local file system holds lines back and litters .crc files.
    return files instanceof ChecksumFileSystem checksummed ? checksummed.getRawFileSystem() : files;
  }
}
