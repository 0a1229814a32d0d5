-- Hand-written. A late delivery that the wallet could not pay is owed; the next top-up pays it first. What is paid back is
-- never more than is owed.
ALTER TABLE transfers DROP CONSTRAINT transfers_kind_check;
--> statement-breakpoint
ALTER TABLE transfers ADD CONSTRAINT transfers_kind_check
  CHECK (kind IN ('top_up','reserve','capture','release','late_capture','repay','refund','adjust','write_off'));
--> statement-breakpoint
INSERT INTO transfer_ways VALUES ('repay', 'wallet', 'receivable');
--> statement-breakpoint
CREATE UNIQUE INDEX one_repayment_a_reference ON transfers (workspace_id, reference) WHERE kind = 'repay';
--> statement-breakpoint
CREATE OR REPLACE FUNCTION fold_transfers() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM accounts a WHERE a.id IN (SELECT debit_id FROM ins UNION SELECT credit_id FROM ins)
    ORDER BY a.id FOR NO KEY UPDATE;
  IF EXISTS (SELECT 1 FROM accounts a JOIN ins i ON a.id IN (i.debit_id, i.credit_id) WHERE a.closed_at IS NOT NULL) THEN
    RAISE EXCEPTION 'account is closed' USING ERRCODE = 'restrict_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM ins i JOIN accounts d ON d.id = i.debit_id JOIN accounts c ON c.id = i.credit_id
              WHERE NOT EXISTS (SELECT 1 FROM transfer_ways w
                     WHERE (w.kind, w.debit_kind, w.credit_kind) = (i.kind, d.kind, c.kind))) THEN
    RAISE EXCEPTION 'no such way for money' USING ERRCODE = 'restrict_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM ins i JOIN accounts h ON h.id IN (i.debit_id, i.credit_id) AND h.kind = 'hold'
              WHERE h.campaign_id IS DISTINCT FROM i.campaign_id) THEN
    RAISE EXCEPTION 'a hold serves its own campaign only' USING ERRCODE = 'restrict_violation';
  END IF;
  UPDATE accounts a SET debits = a.debits + s.d, credits = a.credits + s.c
    FROM (SELECT id, sum(d)::bigint d, sum(c)::bigint c FROM (
            SELECT debit_id id, amount d, 0::bigint c FROM ins
            UNION ALL SELECT credit_id, 0, amount FROM ins) u GROUP BY id) s
   WHERE a.id = s.id;
  IF EXISTS (SELECT 1 FROM ins i JOIN accounts r ON r.id = i.credit_id WHERE i.kind = 'repay' AND r.credits > r.debits) THEN
    RAISE EXCEPTION 'more is paid back than is owed' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$;
