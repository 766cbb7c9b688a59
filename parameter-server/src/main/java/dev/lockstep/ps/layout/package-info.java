/** How the flat parameter vector is cut: blocks by meaning, chunks and parameter shards by size. */
package dev.lockstep.ps.layout;
