package dev.lockstep.sharding.ingest;

import dev.lockstep.sharding.DataShard;
import dev.lockstep.sharding.plan.Split;
import dev.lockstep.sharding.prepare.ValueSums;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * What a task that wrote data shards tells the driver: metadata only. Where the data were bad, it
 * tells a {@code String} instead of this, so that Spark does not try them again and the driver can
 * report the first problem in the order of the data.
 *
 * @param shards the shards written, one for each split that got an example, in the order of splits
 * @param sums of their values, by split
 * @param skipped examples left out
 * @param firstSkipped why the first of them was, or ""
 */
record ShardResult(
    List<DataShard> shards, Map<Split, ValueSums> sums, long skipped, String firstSkipped)
    implements Serializable {}
