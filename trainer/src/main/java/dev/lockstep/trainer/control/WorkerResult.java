package dev.lockstep.trainer.control;

import dev.lockstep.ps.transport.Exchanged;
import dev.lockstep.trainer.metrics.WorkerThroughput;
import java.io.Serializable;

/**
 * What a worker returns at the end of an attempt. Crosses from executor to driver.
 *
 * @param jvm id of its executor's JVM
 * @param servedFrom first worker of the same JVM, which answers for the JVM's traffic
 * @param bytesSent through the JVM's sockets
 * @param exchanged by all workers of the JVM with the servers
 */
public record WorkerResult(
    int worker,
    String jvm,
    int servedFrom,
    long bytesSent,
    Exchanged exchanged,
    WorkerThroughput throughput)
    implements Serializable {}
