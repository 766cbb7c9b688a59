package dev.lockstep.trainer.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * A record as a JSON object whose last member, {@code crc32c}, is the checksum of all bytes before
 * the comma in front of it: a manifest says how to check the other files, and so must say how to
 * check itself.
 */
final class ChecksummedJson {

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .addModule(new JavaTimeModule())
          .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  /** The same line ends on every machine. */
  private static final ObjectWriter WRITER =
      JSON.writer(new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n")));

  private static final String END = "\n}";
  private static final String MEMBER = "crc32c";
  private static final Pattern AT_END =
      Pattern.compile(",\n  \"" + MEMBER + "\" : \"([0-9a-f]{8})\"\n}\n$");

  private ChecksummedJson() {}

  static byte[] write(Object value) {
    String text;
    try {
      text = WRITER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("cannot be written as JSON: " + value, e);
    }
    String body = text.substring(0, text.lastIndexOf(END));
    String end =
        ",\n  \"%s\" : \"%s\"\n}\n"
            .formatted(MEMBER, checksum(body.getBytes(StandardCharsets.UTF_8)));
    return (body + end).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads a record.
   *
   * @param name of the file, for messages
   * @param what the file is, for messages
   * @param formatVersion that the record's {@code formatVersion} must have
   * @throws DamagedFileException if the text is not what was written
   * @throws IOException if it is of another version
   */
  static <T> T read(byte[] content, String name, String what, int formatVersion, Class<T> type)
      throws IOException {
    // A character a byte, whatever the bytes are.
    String text = new String(content, StandardCharsets.ISO_8859_1);
    Matcher end = AT_END.matcher(text);
    try {
      if (!end.find()) {
        requireVersion(JSON.readTree(content), name, what, formatVersion);
        throw new DamagedFileException(
            name + " is not " + what + ": it does not end in its checksum");
      }
      String found = checksum(text.substring(0, end.start()).getBytes(StandardCharsets.ISO_8859_1));
      if (!found.equals(end.group(1))) {
        throw new DamagedFileException(
            "%s: CRC32C=%s != %s at its end: %s was changed after it was written"
                .formatted(name, found, end.group(1), what));
      }
      JsonNode tree = JSON.readTree(content);
      requireVersion(tree, name, what, formatVersion);
      ((ObjectNode) tree).remove(MEMBER);
      return JSON.treeToValue(tree, type);
    } catch (JsonProcessingException e) {
      throw new DamagedFileException(
          name + " is not " + what + ": " + firstLine(e.getOriginalMessage()), e);
    }
  }

  private static void requireVersion(JsonNode tree, String name, String what, int formatVersion)
      throws IOException {
    JsonNode version = tree == null ? null : tree.get("formatVersion");
    if (version != null && version.intValue() != formatVersion) {
      throw new IOException(
          "%s: %s of format version %d != %d of this Lockstep: resume with the version that wrote it, or train into another folder"
              .formatted(name, what, version.intValue(), formatVersion));
    }
  }

  private static String checksum(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return String.format(Locale.ROOT, "%08x", crc.getValue());
  }

  private static String firstLine(String message) {
    return message == null ? "" : message.lines().findFirst().orElse("");
  }
}
