package dev.lockstep.trainer.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lockstep.ps.transport.NodeAddress;
import dev.lockstep.trainer.control.WorkerReport.Introduction;
import dev.lockstep.trainer.model.replica.NumericFingerprint;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class RendezvousTest {

  private static Introduction worker(int worker, int port) {
    return new Introduction(
        2,
        3,
        worker,
        new NodeAddress("jvm-" + port, "127.0.0.1", port),
        new NumericFingerprint("abc", "avx2", "natives", "blas", "cpu", "glibc"));
  }

  @Test
  void nobodyIsAnsweredBeforeTheLastAndAllHearAllInOrder() {
    Rendezvous meeting = new Rendezvous();
    CompletableFuture<ByteBuffer> second = meeting.join(worker(2, 4002));
    CompletableFuture<ByteBuffer> first = meeting.join(worker(0, 4000));
    assertFalse(second.isDone());
    assertFalse(first.isDone());
    CompletableFuture<ByteBuffer> last = meeting.join(worker(1, 4001));

    List<Introduction> all = List.of(worker(0, 4000), worker(1, 4001), worker(2, 4002));
    assertEquals(all, Rendezvous.decode(first.join()));
    assertEquals(all, Rendezvous.decode(second.join()));
    assertEquals(all, Rendezvous.decode(last.join()));
  }

  @Test
  void whoComesTwiceIsRefusedAndTheOthersGoOnWaiting() {
    Rendezvous meeting = new Rendezvous();
    CompletableFuture<ByteBuffer> first = meeting.join(worker(0, 4000));
    CompletionException refused =
        assertThrows(CompletionException.class, () -> meeting.join(worker(0, 4009)).join());
    assertTrue(
        refused
            .getCause()
            .getMessage()
            .startsWith("worker 0 of attempt 2 introduces itself twice, from "),
        refused.getMessage());
    assertFalse(first.isDone());
  }

  @Test
  void anIntroductionReadsBackAsItWasSent() {
    Introduction one = worker(1, 4001);
    assertEquals(one, WorkerReport.decode(one.encode()));
  }
}
