package dev.lockstep.trainer.output;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.sharding.AddressSecrets;
import dev.lockstep.sharding.DataRecipe;
import dev.lockstep.sharding.store.AtomicFile;
import dev.lockstep.sharding.store.DataRecipeJson;
import dev.lockstep.sharding.store.IfExists;
import dev.lockstep.trainer.checkpoint.CheckpointStore;
import dev.lockstep.trainer.control.WorkerReport;
import dev.lockstep.trainer.metrics.MetricsLog;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The folder of a run's outputs on any Hadoop file system. {@code run.json} is written last: a
 * folder without it holds no finished run. Lives on the driver.
 */
public final class RunFolder {

  /** The trained model. */
  public static final String MODEL = "model.zip";

  /** What the run was and what came out. */
  public static final String RECORD = "run.json";

  /** One line a step or epoch. */
  public static final String METRICS = "metrics.jsonl";

  /** For people. */
  public static final String REPORT = "report.html";

  /** Parameter shards. */
  public static final String CHECKPOINTS = "checkpoints";

  /** The model of the best checkpoint, where that is kept. */
  public static final String BEST = "best.zip";

  /** What a warm start writes before it moves the outputs of another run aside. */
  private static final String WARM = "checkpoints.new";

  /** Data shards, where the data were not given as such. */
  public static final String DATA = "data";

  private static final List<String> OWN =
      List.of(
          RECORD,
          MODEL,
          BEST,
          METRICS,
          METRICS + MetricsLog.BEFORE,
          METRICS + MetricsLog.KEPT,
          REPORT,
          CHECKPOINTS);

  private final Path path;
  private final FileSystem files;

  /**
   * Nothing is created yet.
   *
   * @throws IOException if there is no such file system
   */
  public RunFolder(String out, Configuration hadoop) throws IOException {
    AddressSecrets.requireNone("out", out);
    Path given = new Path(out);
    this.files = given.getFileSystem(hadoop);
    this.path = files.makeQualified(given);
  }

  /** The folder, qualified: executors have another working directory. */
  public Path path() {
    return path;
  }

  /** One of the outputs. */
  public Path file(String name) {
    return new Path(path, name);
  }

  /** The checkpoints of the run. */
  public CheckpointStore checkpoints(Configuration hadoop) {
    return new CheckpointStore(file(CHECKPOINTS), hadoop);
  }

  /** Where a warm start puts its first checkpoint. */
  public CheckpointStore warmStart(Configuration hadoop) {
    return new CheckpointStore(file(WARM), hadoop);
  }

  /** Deletes what a warm start that was cut short has left. */
  public void clearWarmStart() throws IOException {
    files.delete(file(WARM), true);
  }

  /**
   * Moves the outputs of a run into the folder {@code before-RUN}, its checkpoints last, and puts
   * those of a warm start in their place.
   */
  public void setAside(String run) throws IOException {
    Path aside = file("before-" + run);
    files.mkdirs(aside);
    for (String name : OWN) {
      if (files.exists(file(name))) {
        move(file(name), new Path(aside, name));
      }
    }
    finishWarmStart();
  }

  /** Does what is left of a warm start that was cut short between two moves. */
  public void finishWarmStart() throws IOException {
    if (!files.exists(file(CHECKPOINTS)) && files.exists(file(WARM))) {
      move(file(WARM), file(CHECKPOINTS));
    }
  }

  private void move(Path from, Path to) throws IOException {
    if (!files.rename(from, to)) {
      throw new IOException("cannot rename " + from + " to " + to);
    }
  }

  /** Whether model and record of a finished run are there. */
  public boolean isFinished() throws IOException {
    return files.exists(file(MODEL)) && files.exists(file(RECORD));
  }

  /** Whether the model of the best checkpoint is there. */
  public boolean holdsBest() throws IOException {
    return files.exists(file(BEST));
  }

  /** Takes the record of a finished run away: it is gone on with. */
  public void reopen() throws IOException {
    files.delete(file(RECORD), false);
  }

  /** Whether any output of a run is there. */
  public boolean holdsRun() throws IOException {
    for (String name : OWN) {
      if (files.exists(file(name))) {
        return true;
      }
    }
    return false;
  }

  /** Deletes the outputs of a run, and nothing else; the record first. */
  public void clear() throws IOException {
    for (String name : OWN) {
      files.delete(file(name), true);
    }
    clearWarmStart();
  }

  /** Something that writes into this folder. */
  @FunctionalInterface
  public interface Work<T> {
    /** Does it. */
    T run() throws IOException;
  }

  /**
   * Does work that first writes {@link #DATA} and then makes a run. Where it fails before there is
   * a run, the data go too, unless there were some before.
   */
  public <T> T keepingDataOnlyOfRuns(Work<T> work) throws IOException {
    boolean before = files.exists(file(DATA));
    boolean done = false;
    try {
      T result = work.run();
      done = true;
      return result;
    } finally {
      // Spark throws checked exceptions that its methods do not declare: no catch would do.
      if (!done && !before && !holdsRun()) {
        files.delete(file(DATA), true);
      }
    }
  }

  /**
   * The classes that the finished run of this folder was trained on.
   *
   * @return for each labels tensor that has them the names of its classes by index; empty if there
   *     is no record of them
   * @throws IOException if the record cannot be read
   */
  public Map<String, List<String>> classes() throws IOException {
    return aboutData(
        data -> {
          JsonNode classes = data.path("classes");
          return classes.isMissingNode()
              ? Map.of()
              : WorkerReport.JSON.convertValue(classes, new TypeReference<>() {});
        });
  }

  /**
   * How the data that the finished run of this folder was trained on became tensors.
   *
   * @return empty if there is no record of it
   * @throws IOException if the record cannot be read
   */
  public Optional<DataRecipe> recipe() throws IOException {
    return aboutData(
        data ->
            data.has("recipe")
                ? Optional.of(DataRecipeJson.parse(data.path("recipe")))
                : Optional.empty());
  }

  private <T> T aboutData(Function<JsonNode, T> read) throws IOException {
    try {
      if (!files.exists(file(RECORD))) {
        return read.apply(WorkerReport.JSON.createObjectNode());
      }
      try (InputStream in = files.open(file(RECORD))) {
        return read.apply(RunRecord.parse(in.readAllBytes(), file(RECORD).toString()).path("data"));
      }
    } catch (IllegalArgumentException e) {
      throw new IOException(
          file(RECORD)
              + " is not the record of a run: "
              + e.getMessage()
              + ": restore it, or move the model elsewhere",
          e);
    }
  }

  /** Puts an output in its place as a whole; where that fails, the one before stays. */
  public void write(String name, AtomicFile.Content content) throws IOException {
    AtomicFile.write(files, file(name), content, IfExists.REPLACE);
  }

  /** The same for text, in UTF-8. */
  public void write(String name, String text) throws IOException {
    write(name, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** SHA-256 of a vector as little-endian float32, in hexadecimal. */
  public static String sha256(float[] vector) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    ByteBuffer buffer = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    int most = buffer.capacity() / Float.BYTES;
    for (int from = 0; from < vector.length; from += most) {
      int count = Math.min(most, vector.length - from);
      buffer.asFloatBuffer().put(vector, from, count);
      digest.update(buffer.array(), 0, count * Float.BYTES);
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
