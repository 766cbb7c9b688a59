package dev.lockstep.ps.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.protocol.AttemptId;
import dev.lockstep.ps.protocol.AttemptKey;
import dev.lockstep.ps.protocol.Contribution;
import dev.lockstep.ps.protocol.FrameLayout;
import dev.lockstep.ps.protocol.Pull;
import dev.lockstep.ps.protocol.PullReply;
import dev.lockstep.ps.protocol.Push;
import dev.lockstep.ps.protocol.ShardEndpoint;
import dev.lockstep.ps.protocol.ShardNorms;
import dev.lockstep.ps.protocol.StepKey;
import dev.lockstep.ps.protocol.StepOutcome;
import dev.lockstep.ps.reduce.TreeNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ParameterClientTest {

  private static final AttemptKey ATTEMPT = new AttemptId("run", 0).key();
  private static final int PARAMETERS = 20 * FrameLayout.FRAME;
  private static final FrameLayout LAYOUT = new FrameLayout(new ShardLayout(PARAMETERS, 2));
  private static final TreeNode ROOT = new TreeNode(0, 0);

  /** Counts what it is sent; answers when told to. */
  private static final class Silent implements ShardEndpoint {
    final List<CompletableFuture<Void>> pushes = new ArrayList<>();
    private final PullReply reply;

    Silent(PullReply reply) {
      this.reply = reply;
    }

    @Override
    public CompletableFuture<Void> push(Push push) {
      CompletableFuture<Void> answer = new CompletableFuture<>();
      pushes.add(answer);
      return answer;
    }

    @Override
    public CompletableFuture<PullReply> pull(Pull pull) {
      return CompletableFuture.completedFuture(reply);
    }

    @Override
    public CompletableFuture<Void> norms(ShardNorms norms) {
      throw new AssertionError("clients send no norms");
    }

    @Override
    public String toString() {
      return "a silent shard";
    }
  }

  /** Answers all pulls alike. */
  private record Pending(CompletableFuture<PullReply> answer) implements ShardEndpoint {

    @Override
    public CompletableFuture<Void> push(Push push) {
      throw new AssertionError("nothing is pushed");
    }

    @Override
    public CompletableFuture<PullReply> pull(Pull pull) {
      return answer;
    }

    @Override
    public CompletableFuture<Void> norms(ShardNorms norms) {
      throw new AssertionError("clients send no norms");
    }

    @Override
    public String toString() {
      return "a shard";
    }
  }

  /** Has steps behind it. */
  private record WithOutcomes(List<StepOutcome> all) implements ShardEndpoint {

    @Override
    public CompletableFuture<Void> push(Push push) {
      throw new AssertionError("nothing is pushed");
    }

    @Override
    public CompletableFuture<PullReply> pull(Pull pull) {
      List<StepOutcome> wanted =
          pull.outcomesFrom() == Pull.NO_OUTCOMES
              ? List.of()
              : all.stream()
                  .filter(outcome -> outcome.step() >= pull.outcomesFrom())
                  .limit(Pull.MOST_OUTCOMES)
                  .toList();
      return CompletableFuture.completedFuture(new PullReply(all.size(), wanted));
    }

    @Override
    public CompletableFuture<Void> norms(ShardNorms norms) {
      throw new AssertionError("clients send no norms");
    }
  }

  @Test
  void noMoreFramesThanTheWindowAreUnanswered() {
    Silent first = new Silent(new PullReply(1, List.of()));
    Silent second = new Silent(new PullReply(1, List.of()));
    ParameterClient client = client(List.of(first, second));
    assertEquals(
        "push of step 0, a silent shard: no answer within 0.1 s",
        assertThrows(
                AttemptAbortedException.class,
                () ->
                    client.push(
                        StepKey.of(0, 0), ROOT, Contribution.of(1, 0), new float[PARAMETERS]))
            .getMessage());
    assertEquals(ParameterClient.WINDOW, first.pushes.size());
    assertEquals(ParameterClient.WINDOW, second.pushes.size());
  }

  @Test
  void aRefusalEndsTheWaitForAnAnswerThatHangsOnIt() {
    ShardEndpoint waiting = new Pending(new CompletableFuture<>());
    CompletableFuture<PullReply> refused = new CompletableFuture<>();
    ParameterClient client =
        new ParameterClient(
            ATTEMPT,
            LAYOUT,
            List.of(waiting, new Pending(refused)),
            new AbortSignal(),
            Duration.ofMinutes(10));
    CompletableFuture.delayedExecutor(50, TimeUnit.MILLISECONDS)
        .execute(() -> refused.completeExceptionally(new IllegalStateException("checksum")));
    assertEquals(
        "pull of version 1, a shard: pull of version 1, a shard: checksum",
        assertThrows(
                AttemptAbortedException.class,
                () -> client.pull(1, Pull.NO_OUTCOMES, new float[PARAMETERS]))
            .getMessage());
  }

  @Test
  void theVersionIsTheOldestOfAllFrames() throws Exception {
    ParameterClient client =
        client(
            List.of(
                new Silent(new PullReply(3, List.of())), new Silent(new PullReply(2, List.of()))));
    assertEquals(2, client.pull(2, Pull.NO_OUTCOMES, new float[PARAMETERS]).version());
  }

  @Test
  void asksAgainForOutcomesThatDidNotFitIntoOneReply() throws Exception {
    int steps = 2 * Pull.MOST_OUTCOMES + 7;
    List<StepOutcome> all = new ArrayList<>();
    for (int step = 0; step < steps; step++) {
      all.add(new StepOutcome(step, Contribution.of(1, step), Double.NaN));
    }
    ShardEndpoint first = new WithOutcomes(all);
    ParameterClient client = client(List.of(first, new Silent(new PullReply(0, List.of()))));
    assertEquals(all.subList(3, steps), client.pull(0, 3, new float[PARAMETERS]).outcomes());
  }

  @Test
  void vectorsOfAnotherLengthAndMissingEndpointsAreRefused() {
    ParameterClient client =
        client(
            List.of(
                new Silent(new PullReply(1, List.of())), new Silent(new PullReply(1, List.of()))));
    assertEquals(
        "gradient: length=3 != parameters=" + PARAMETERS,
        assertThrows(
                IllegalArgumentException.class,
                () -> client.push(StepKey.of(0, 0), ROOT, Contribution.of(1, 0), new float[3]))
            .getMessage());
    assertEquals(
        "theta: length=3 != parameters=" + PARAMETERS,
        assertThrows(IllegalArgumentException.class, () -> client.pull(0, 0, new float[3]))
            .getMessage());
    assertEquals(
        "endpoints=0 != shards=2",
        assertThrows(IllegalArgumentException.class, () -> client(List.of())).getMessage());
  }

  private static ParameterClient client(List<ShardEndpoint> endpoints) {
    return new ParameterClient(
        ATTEMPT, LAYOUT, endpoints, new AbortSignal(), Duration.ofMillis(100));
  }
}
