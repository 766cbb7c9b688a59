/** The bytes of an image file become channels of numbers: plain Java, without Spark. */
package dev.lockstep.sharding.ingest.image;
