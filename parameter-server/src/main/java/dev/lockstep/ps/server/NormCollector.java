package dev.lockstep.ps.server;

import dev.lockstep.ps.clip.NormPartials;
import dev.lockstep.ps.layout.ShardLayout;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Gathers the parts of the norms of one step from all servers that own parameters. Thread-safe.
 *
 * <p>No server can be a step ahead of another here: the next step's sum needs pushes from workers
 * that have pulled this step from every server. So one step's parts are held at most.
 */
final class NormCollector {

  private final ShardLayout layout;
  private final int owners;
  private final Map<Integer, NormPartials> parts = new TreeMap<>();
  private long step;

  NormCollector(ShardLayout layout, long firstStep) {
    this.layout = layout;
    this.step = firstStep;
    int count = 0;
    for (int shard = 0; shard < layout.shards(); shard++) {
      count += layout.begin(shard) < layout.end(shard) ? 1 : 0;
    }
    this.owners = count;
  }

  /**
   * Takes a part.
   *
   * @return all parts once the last one is in, else null
   */
  synchronized Collection<NormPartials> add(ShardNorms norms) {
    String what = "norms of step " + norms.step() + " from shard " + norms.shard() + " refused";
    if (norms.step() != step) {
      throw new RefusedException(what + ": the server is at step " + step);
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
    if (parts.putIfAbsent(norms.shard(), partials) != null || parts.size() < owners) {
      return null;
    }
    Collection<NormPartials> all = List.copyOf(parts.values());
    parts.clear();
    step++;
    return all;
  }
}
