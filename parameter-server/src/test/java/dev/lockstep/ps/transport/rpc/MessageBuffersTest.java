package dev.lockstep.ps.transport.rpc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.transport.message.MessageType;
import dev.lockstep.ps.transport.rpc.MessageBuffers.BufferLease;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MessageBuffersTest {

  @Test
  void aBufferIsLeasedToOneMessageAtATime() {
    MessageBuffers buffers = new MessageBuffers();
    BufferLease first = buffers.lease();
    first.apply(MessageBuffers.LONGEST).putInt(0, 1);
    BufferLease second = buffers.lease();
    second.apply(MessageBuffers.LONGEST).putInt(0, 2);
    first.end();
    first.end();
    ByteBuffer third = buffers.lease().apply(MessageBuffers.SHORTEST);
    assertEquals(1, third.getInt(0), "the first message's memory");
    ByteBuffer fourth = buffers.lease().apply(MessageBuffers.SHORTEST);
    assertEquals(0, fourth.getInt(0), "memory of its own: the first was given back once");
  }

  @Test
  void messagesAreDirectAndLittleEndianAndOfTheirLength() {
    BufferLease lease = new MessageBuffers().lease();
    assertTrue(lease.isEmpty());
    ByteBuffer message = lease.apply(MessageBuffers.SHORTEST);
    assertFalse(lease.isEmpty());
    assertTrue(message.isDirect());
    assertEquals(ByteOrder.LITTLE_ENDIAN, message.order());
    assertEquals(0, message.position());
    assertEquals(MessageBuffers.SHORTEST, message.remaining());
    assertFalse(lease.apply(MessageBuffers.SHORTEST).isDirect(), "a second one");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, MessageBuffers.SHORTEST - 1, MessageBuffers.LONGEST + 1})
  void messagesOfOtherLengthsGetNewMemory(int length) {
    BufferLease lease = new MessageBuffers().lease();
    assertEquals(length, lease.apply(length).remaining());
    assertTrue(lease.isEmpty());
  }

  /** Memory that was used again too early would send what a later message has put there. */
  @ParameterizedTest
  @ValueSource(strings = {"plain", "aes"})
  void everyMessageArrivesAsItWasWritten(String kind) throws Exception {
    TransportSettings settings = TransportSettings.loopback();
    if (kind.equals("aes")) {
      settings =
          settings.withAuthentication(
              MessageServerTest.secret("secret"),
              Map.of(
                  "spark.network.crypto.enabled", "true",
                  "spark.network.crypto.saslFallback", "false"));
    }
    AnsweringHandler copying =
        (request, memory) ->
            CompletableFuture.completedFuture(
                memory.apply(request.remaining()).put(request.duplicate()).flip());
    try (MessageServer server = new MessageServer(settings, "token", copying, new Traffic());
        MessageConnector connector = new MessageConnector(settings);
        MessageLink link = connector.connect(server.host(), server.port(), "token")) {
      Random random = new Random(7);
      List<byte[]> sent = new ArrayList<>();
      List<CompletableFuture<byte[]>> answers = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        byte[] bytes = new byte[MessageBuffers.LONGEST - random.nextInt(1000)];
        random.nextBytes(bytes);
        bytes[0] = MessageType.PUSH.code();
        sent.add(bytes);
        answers.add(
            link.request(
                memory -> memory.apply(bytes.length).put(bytes).flip(), MessageServerTest::bytes));
        if (i >= 6) {
          answers.get(i - 6).get(15, TimeUnit.SECONDS);
        }
      }
      for (int i = 0; i < sent.size(); i++) {
        assertArrayEquals(sent.get(i), answers.get(i).get(15, TimeUnit.SECONDS));
      }
    }
  }
}
