/** Lines of text files, read in ranges of bytes. */
package dev.lockstep.sharding.ingest.text;
