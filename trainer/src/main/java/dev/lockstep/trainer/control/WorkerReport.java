package dev.lockstep.trainer.control;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lockstep.ps.transport.NodeAddress;
import dev.lockstep.trainer.checkpoint.CheckpointManifest;
import dev.lockstep.trainer.model.replica.NumericFingerprint;
import dev.lockstep.trainer.score.EvaluationSums;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * What a worker tells the driver while it trains, as JSON: a few messages a second. No step waits
 * for the answer to its own report, but the very first, which needs to know the other workers, and
 * the first of an epoch where the rate or the end of the run follow the validation.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = WorkerReport.Introduction.class, name = "introduction"),
  @JsonSubTypes.Type(value = WorkerReport.Started.class, name = "started"),
  @JsonSubTypes.Type(value = WorkerReport.Steps.class, name = "steps"),
  @JsonSubTypes.Type(value = WorkerReport.Skipped.class, name = "skipped"),
  @JsonSubTypes.Type(value = WorkerReport.LocalSteps.class, name = "localSteps"),
  @JsonSubTypes.Type(value = WorkerReport.Validated.class, name = "validated"),
  @JsonSubTypes.Type(value = WorkerReport.ShardSaved.class, name = "shardSaved"),
  @JsonSubTypes.Type(value = WorkerReport.ReplicaSaved.class, name = "replicaSaved"),
  @JsonSubTypes.Type(value = WorkerReport.NotSaved.class, name = "notSaved"),
  @JsonSubTypes.Type(value = WorkerReport.AwaitsCheckpoint.class, name = "awaitsCheckpoint"),
  @JsonSubTypes.Type(value = WorkerReport.AwaitsDecision.class, name = "awaitsDecision"),
  @JsonSubTypes.Type(value = WorkerReport.NonFinite.class, name = "nonFinite"),
  @JsonSubTypes.Type(value = WorkerReport.DamagedCheckpoint.class, name = "damagedCheckpoint"),
  @JsonSubTypes.Type(value = WorkerReport.Failed.class, name = "failed"),
  @JsonSubTypes.Type(value = WorkerReport.Alive.class, name = "alive"),
  @JsonSubTypes.Type(value = WorkerReport.Left.class, name = "left"),
})
public sealed interface WorkerReport {

  /** Written and read with Jackson; lives in both JVMs. */
  ObjectMapper JSON = JsonMapper.builder().disable(MapperFeature.AUTO_DETECT_IS_GETTERS).build();

  /**
   * The worker is there and asks who else is. Its answer, when all W are there, is waited for: see
   * {@link Rendezvous}.
   *
   * @param attempt of the run
   * @param workers of the attempt, W
   * @param node where its executor's server listens
   * @param fingerprint of its arithmetic
   */
  record Introduction(
      int attempt, int workers, int worker, NodeAddress node, NumericFingerprint fingerprint)
      implements WorkerReport {}

  /**
   * All workers have met; this one is ready for its first step.
   *
   * @param executor Spark's id of its executor
   * @param numeric of its arithmetic
   */
  record Started(int worker, String executor, String jvm, String host, NumericFingerprint numeric)
      implements WorkerReport {}

  /** Steps since the last such report; from worker 0 alone. */
  record Steps(List<Step> steps) implements WorkerReport {}

  /**
   * One optimizer step.
   *
   * @param stepsTaken steps taken so far
   * @param epoch epochs completed before it
   */
  record Step(long stepsTaken, int epoch, long examples, double lossSum, double gradientNorm) {}

  /**
   * A gradient was not finite, and a step (in mode {@code averaging} a round, in mode {@code async}
   * a push) was skipped; from worker 0 alone, before it reports the step.
   *
   * @param stepsTaken steps taken with it
   * @param virtualWorker the first whose gradient it was
   */
  record Skipped(long stepsTaken, int virtualWorker) implements WorkerReport {}

  /** A worker's part of the local steps since its last such report; in mode {@code averaging}. */
  record LocalSteps(List<LocalStep> steps) implements WorkerReport {}

  /**
   * What a subtree of virtual workers did in one step.
   *
   * @param stepsTaken steps taken with it
   * @param level of the subtree's node
   * @param index of the subtree's node
   * @param examples used; 0 if none of the virtual workers has any
   */
  record LocalStep(long stepsTaken, int level, int index, long examples, double lossSum) {}

  /**
   * One virtual worker's part of a validation.
   *
   * @param epochsTaken epochs completed
   * @param sums over its examples, one for each labels tensor; null if it has no examples
   */
  record Validated(int epochsTaken, int virtualWorker, List<EvaluationSums> sums)
      implements WorkerReport {}

  /** A parameter shard of a checkpoint is in place. */
  record ShardSaved(long step, CheckpointManifest.ShardEntry shard) implements WorkerReport {}

  /** What a virtual worker keeps is in place for a checkpoint. */
  record ReplicaSaved(long step, CheckpointManifest.ReplicaEntry replica) implements WorkerReport {}

  /**
   * The worker has reported all of an epoch and asks how to go on. The answer, which is waited for,
   * is an {@link EpochDecision}.
   */
  record AwaitsDecision(int worker, int epochsTaken) implements WorkerReport {}

  /**
   * A file of the checkpoint that the attempt starts from is damaged.
   *
   * @param step of the checkpoint
   * @param reason which file, and what is wrong with it
   */
  record DamagedCheckpoint(long step, String reason) implements WorkerReport {}

  /**
   * A gradient was not finite, and the attempt ends; followed by the worker's failure.
   *
   * @param step steps of the run taken before it; in mode {@code averaging} and {@code async} what
   *     the servers count
   * @param virtualWorker the first whose gradient it was
   */
  record NonFinite(long step, int virtualWorker) implements WorkerReport {}

  /**
   * A file of a checkpoint could not be written: there will be none of this step.
   *
   * @param file what, for people
   */
  record NotSaved(long step, String file, String reason) implements WorkerReport {}

  /**
   * The worker asks after which step the next checkpoint is taken where that depends on the time.
   * The answer, which is waited for, is that of the {@code CheckpointClock}: an eight-byte step and
   * a byte that is 1 for a checkpoint, 0 for asking again.
   */
  record AwaitsCheckpoint(int worker, long step) implements WorkerReport {}

  /** Whether another attempt would fail in the same way. */
  enum Outlook {
    /** It may get through. */
    MAY_PASS,
    /** It would fail in the same way. */
    RECURS
  }

  /** The worker gives up. */
  record Failed(int worker, String executor, String host, String reason, Outlook outlook)
      implements WorkerReport {}

  /** Sent every second, whatever the worker is doing: its silence means that it hangs. */
  record Alive(int worker, String executor, String host) implements WorkerReport {}

  /** The worker is done and will be silent. */
  record Left(int worker) implements WorkerReport {}

  /** The report as UTF-8 JSON. */
  default ByteBuffer encode() {
    try {
      return ByteBuffer.wrap(JSON.writeValueAsBytes(this));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads a report.
   *
   * @throws UncheckedIOException if the bytes are not a report
   */
  static WorkerReport decode(ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.duplicate().get(copy);
    try {
      return JSON.readValue(copy, WorkerReport.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
