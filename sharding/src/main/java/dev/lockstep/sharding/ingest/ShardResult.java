package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.plan.Part;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What a task tells the driver: metadata only. Bad data are told here rather than thrown, so that
 * Spark does not try them again and the driver can report the first of them in the order of the
 * data.
 *
 * @param shards the shards written, one for each part that got an example, in the order of parts
 * @param sums of their values, by part
 * @param problem what ends the job, or ""
 * @param skipped examples left out
 * @param firstSkipped why the first of them was, or ""
 */
record ShardResult(
    List<DataShard> shards,
    Map<Part, ValueSums> sums,
    String problem,
    long skipped,
    String firstSkipped)
    implements Serializable {

  static ShardResult problem(String problem) {
    return new ShardResult(List.of(), new EnumMap<>(Part.class), problem, 0, "");
  }

  /** As bytes: Spark may be set to a serializer that does not know records. */
  byte[] toBytes() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(this);
    }
    return bytes.toByteArray();
  }

  static ShardResult fromBytes(byte[] bytes) throws IOException {
    try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
      return (ShardResult) in.readObject();
    } catch (ClassNotFoundException e) {
      throw new IOException("result of another version of Lockstep", e);
    }
  }
}
