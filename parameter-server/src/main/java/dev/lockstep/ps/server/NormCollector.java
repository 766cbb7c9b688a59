package dev.lockstep.ps.server;

import dev.lockstep.ps.clip.NormPartials;
import dev.lockstep.ps.layout.ShardLayout;
import dev.lockstep.ps.protocol.RefusedException;
import dev.lockstep.ps.protocol.ShardNorms;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Gathers the parts of the norms of steps from all servers that own parameters. Thread-safe.
 *
 * <p>Another server can be ahead of this one by as many steps as workers may be, and one more: its
 * parts are kept until this one gets there.
 */
final class NormCollector {

  private final ShardLayout layout;
  private final int owners;
  private final int rounds;
  private final long stepsAhead;
  private final long firstExchange;
  private final Map<Long, Map<Integer, NormPartials>> parts = new HashMap<>();

  /** The exchange in progress: {@code step * rounds + round}. */
  private long exchange;

  /**
   * A collector without parts.
   *
   * @param rounds exchanges of a step, at least 1
   */
  NormCollector(ShardSpec spec, int rounds) {
    this.layout = spec.layout().shards();
    this.rounds = rounds;
    this.firstExchange = spec.firstStep() * rounds;
    this.exchange = firstExchange;
    this.stepsAhead = 1L + spec.protocol().consistency().stepsAhead();
    int count = 0;
    for (int shard = 0; shard < layout.shards(); shard++) {
      count += layout.begin(shard) < layout.end(shard) ? 1 : 0;
    }
    this.owners = count;
  }

  /** All parts of one exchange of a step. */
  record Exchange(int round, Collection<NormPartials> parts) {}

  /**
   * Takes a part.
   *
   * @return all parts of the exchange in progress once the last one is in, else null
   */
  synchronized Exchange add(ShardNorms norms) {
    String what = "norms of step " + norms.step() + " from shard " + norms.shard() + " refused";
    long key = norms.step() * rounds + norms.round();
    if (norms.round() >= rounds
        || key < firstExchange
        || norms.step() > exchange / rounds + stepsAhead) {
      throw new RefusedException(
          what
              + ": round="
              + norms.round()
              + ", the server is at step "
              + exchange / rounds
              + " round "
              + exchange % rounds
              + " of "
              + rounds);
    }
    if (norms.shard() >= layout.shards()) {
      throw new RefusedException(what + ": shards=" + layout.shards());
    }
    int from = layout.begin(norms.shard()) / ShardLayout.CHUNK;
    int to = ShardLayout.chunks(layout.end(norms.shard()));
    NormPartials partials = norms.partials();
    if (from >= to || partials.fromChunk() != from || partials.toChunk() != to) {
      throw new RefusedException(
          what
              + ": chunks ["
              + partials.fromChunk()
              + ", "
              + partials.toChunk()
              + ") are not its chunks ["
              + from
              + ", "
              + to
              + ")");
    }
    if (key < exchange) {
      return null; // a repetition: the exchange ended with this part, or was not needed
    }
    Map<Integer, NormPartials> gathered = parts.computeIfAbsent(key, k -> new TreeMap<>());
    if (gathered.putIfAbsent(norms.shard(), partials) != null
        || key != exchange
        || gathered.size() < owners) {
      return null;
    }
    return close();
  }

  /** Goes on to a step's first exchange: the exchanges of steps before it were not needed. */
  synchronized void moveTo(long step) {
    exchange = Math.max(exchange, step * rounds);
  }

  private Exchange close() {
    int round = (int) (exchange % rounds);
    return new Exchange(round, List.copyOf(parts.remove(exchange++).values()));
  }
}
