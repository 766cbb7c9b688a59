/** What the examples share: a session, folders, plain DL4J beside Lockstep. */
package dev.lockstep.examples.lab;
