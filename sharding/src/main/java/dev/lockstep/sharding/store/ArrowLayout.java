package dev.lockstep.sharding.store;

import dev.lockstep.sharding.TensorSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;

/**
 * How tensors lie in an Arrow file. The only place that knows.
 *
 * <pre>
 * tensor       Arrow column, never null                  metadata of the column
 * FLOAT32      FixedSizeList&lt;float32&gt;[elements]          lockstep.role, lockstep.encoding,
 * CLASS_INDEX  int32                                     lockstep.shape ("1,28,28")
 * </pre>
 */
final class ArrowLayout {

  private static final String FORMAT = "lockstep.format";
  private static final String FORMAT_VERSION = "1";
  private static final String ROLE = "lockstep.role";
  private static final String ENCODING = "lockstep.encoding";
  private static final String SHAPE = "lockstep.shape";

  private ArrowLayout() {}

  static Schema schema(List<TensorSpec> tensors) {
    List<Field> fields = new ArrayList<>();
    for (TensorSpec tensor : tensors) {
      // Not Map.of: its order, and with it the bytes of the file, differ from JVM to JVM.
      Map<String, String> metadata = new LinkedHashMap<>();
      metadata.put(ROLE, tensor.role().name());
      metadata.put(ENCODING, tensor.encoding().name());
      metadata.put(SHAPE, String.join(",", tensor.shape().stream().map(String::valueOf).toList()));
      fields.add(
          switch (tensor.encoding()) {
            case FLOAT32 ->
                new Field(
                    tensor.name(),
                    new FieldType(
                        false, new ArrowType.FixedSizeList(tensor.elements()), null, metadata),
                    List.of(
                        Field.notNullable(
                            "item", new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE))));
            case CLASS_INDEX ->
                new Field(
                    tensor.name(),
                    new FieldType(false, new ArrowType.Int(32, true), null, metadata),
                    List.of());
          });
    }
    return new Schema(fields, Map.of(FORMAT, FORMAT_VERSION));
  }

  /** Buffers of a tensor's column in a record batch; the last one holds the values. */
  static int buffers(TensorSpec tensor) {
    return switch (tensor.encoding()) {
      // Which lists are there, which items, the items.
      case FLOAT32 -> 3;
      // Which values are there, the values.
      case CLASS_INDEX -> 2;
    };
  }
}
