/** TFRecord files: a Spark job, and the decoding of records and of the examples in them. */
package dev.lockstep.sharding.ingest.tfrecord;
