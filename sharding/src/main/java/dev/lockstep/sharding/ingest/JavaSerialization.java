package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.prepare.InvalidDataException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;

/** Values as bytes: Spark may be set to a serializer that does not know their classes. */
public final class JavaSerialization {

  private JavaSerialization() {}

  public static byte[] toBytes(Serializable value) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(value);
    }
    return bytes.toByteArray();
  }

  /**
   * What a task of this Lockstep made.
   *
   * @throws InvalidDataException if that is a problem with the data
   */
  public static <T> T fromBytes(byte[] bytes, Class<T> type) throws IOException {
    try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
      Object value = in.readObject();
      if (value instanceof String problem) {
        throw new InvalidDataException(problem);
      }
      return type.cast(value);
    } catch (ClassNotFoundException | ClassCastException e) {
      throw new IOException("result of another version of Lockstep", e);
    }
  }
}
