package dev.lockstep.trainer.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChecksummedJsonTest {

  private static final CheckpointManifest MANIFEST =
      new SampleRun(7, 1, 1)
          .manifest(
              20,
              3,
              SampleRun.progress(20),
              List.of(new CheckpointManifest.ShardEntry("shard-00000.attempt-3", 0, 7, 60, 1)),
              List.of(new CheckpointManifest.ReplicaEntry("replica-00000.attempt-3", 0, 60, 2)));

  private static CheckpointManifest read(byte[] content) throws IOException {
    return ChecksummedJson.read(content, "m", "a manifest", 3, CheckpointManifest.class);
  }

  @Test
  void whatWasWrittenIsReadWithAllThatIsNotFinite() throws IOException {
    assertEquals(MANIFEST, read(ChecksummedJson.write(MANIFEST)));
  }

  @Test
  void isJsonThatPeopleCanRead() throws IOException {
    JsonNode json = new ObjectMapper().readTree(ChecksummedJson.write(MANIFEST));
    assertEquals("mlp", json.path("identity").path("model").asText());
    assertEquals("NaN", json.path("progress").path("openEpoch").path("lossSum").asText());
    assertEquals(8, json.path("crc32c").asText().length());
  }

  @Test
  void everyFlippedBitIsFound() throws IOException {
    byte[] sound = ChecksummedJson.write(MANIFEST);
    for (int bit = 0; bit < sound.length * 8; bit++) {
      byte[] damaged = sound.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      int at = bit;
      assertThrows(DamagedFileException.class, () -> read(damaged), () -> "bit " + at);
    }
  }

  @Test
  void everyTruncationIsFound() throws IOException {
    byte[] sound = ChecksummedJson.write(MANIFEST);
    for (int length = 0; length < sound.length; length++) {
      byte[] cut = Arrays.copyOf(sound, length);
      int at = length;
      assertThrows(DamagedFileException.class, () -> read(cut), () -> "length " + at);
    }
  }

  @Test
  void aWholeTextThatSaysTooLittleIsRefused() {
    byte[] sealed = ChecksummedJson.write(SampleRun.IDENTITY);
    String message = assertThrows(DamagedFileException.class, () -> read(sealed)).getMessage();
    assertTrue(message.startsWith("m is not a manifest: "), message);
    byte[] none = "{}".getBytes(StandardCharsets.UTF_8);
    assertEquals(
        "m is not a manifest: it does not end in its checksum",
        assertThrows(DamagedFileException.class, () -> read(none)).getMessage());
  }
}
