/** Secured requests and answers over Spark's network-common. */
package dev.lockstep.ps.transport.rpc;
