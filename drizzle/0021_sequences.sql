-- Hand-written. Not used yet.
SELECT 1;
