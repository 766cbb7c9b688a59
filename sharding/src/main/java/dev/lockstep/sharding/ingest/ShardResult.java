package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.DataShard;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.List;

/**
 * What a task tells the driver: metadata only. Bad data are told here rather than thrown, so that
 * Spark does not try them again and the driver can report the first of them in the order of the
 * data.
 *
 * @param shards the shard written, or none where the task's part held no example
 * @param problems what is wrong with the data, or nothing
 */
record ShardResult(List<DataShard> shards, List<String> problems) implements Serializable {

  static ShardResult written(DataShard shard) {
    return new ShardResult(List.of(shard), List.of());
  }

  static ShardResult nothing() {
    return new ShardResult(List.of(), List.of());
  }

  static ShardResult problem(String problem) {
    return new ShardResult(List.of(), List.of(problem));
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
