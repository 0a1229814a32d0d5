-- Hand-written. A database that finds itself restored or copied sends nothing until an operator says that it may: the
-- one it was copied from may still be at work, and what it had not yet sent then may have been sent since.
ALTER TABLE installation
  ADD COLUMN identity text,                            -- where this database lived when it was last known to be the one
  ADD COLUMN held_at timestamptz,
  ADD COLUMN held_because text,
  ADD CONSTRAINT held_has_a_reason CHECK ((held_at IS NULL) = (held_because IS NULL));
