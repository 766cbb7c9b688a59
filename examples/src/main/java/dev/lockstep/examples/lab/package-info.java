/** What the examples share: session, folders, samples, and plain DL4J for comparison. */
package dev.lockstep.examples.lab;
