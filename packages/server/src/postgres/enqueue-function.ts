import { MAX_BATCH_TOKENS } from '../outbox/packed-tokens.js'
import { BATCH, MESSAGE } from '../outbox/states.js'
import { NEWS_CHANNEL } from './listener.js'

/**
 * `apns_worker.enqueue`: queues a message in the caller's own transaction, in any language; see docs/scaling.md. It takes no
 * lock that others wait for, but of an app that is new, and of an idempotency key. It runs with the rights of its owner, so that
 * whoever may call it need not see the tables.
 */
export const ENQUEUE_FUNCTION: string = `
CREATE FUNCTION apns_worker.enqueue(
  app text,
  tokens text[],
  payload json,
  push_type text DEFAULT NULL,
  priority integer DEFAULT NULL,
  topic text DEFAULT NULL,
  collapse_id text DEFAULT NULL,
  expiration timestamptz DEFAULT NULL,
  deliver_after timestamptz DEFAULT NULL,
  give_up_after timestamptz DEFAULT NULL,
  queue_priority integer DEFAULT 0,
  ambiguous text DEFAULT 'resend',
  keep text DEFAULT 'failures',
  suppression text DEFAULT 'apply',
  registered_at timestamptz DEFAULT NULL,
  idempotency_key text DEFAULT NULL
) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
  now_ms bigint := floor(extract(epoch FROM clock_timestamp()) * 1000);
  deliver_ms bigint := floor(extract(epoch FROM deliver_after) * 1000);
  give_up_ms bigint := floor(extract(epoch FROM give_up_after) * 1000);
  registered_ms bigint := floor(extract(epoch FROM registered_at) * 1000);
  total integer := cardinality(tokens);
  content text;
  digest bytea;
  bad record;
  known record;
  the_app bigint;
  the_message bigint;
  the_uuid uuid := (left(gen_random_uuid()::text, 28) || '00000000')::uuid;
BEGIN
  IF app IS NULL OR length(app) NOT BETWEEN 1 AND 255 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'app is the name of an app, of 1 to 255 characters';
  END IF;
  IF payload IS NULL OR json_typeof(payload) <> 'object' THEN
    RAISE invalid_parameter_value USING MESSAGE = 'payload is a JSON object';
  END IF;
  IF tokens IS NULL OR total > 1000000 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'tokens is an array of up to 1,000,000 device tokens';
  END IF;
  SELECT t.position INTO bad FROM unnest(tokens) WITH ORDINALITY AS t (token, position)
    WHERE t.token IS NULL OR t.token !~ '^([0-9A-Fa-f]{2}){1,100}$' ORDER BY t.position LIMIT 1;
  IF FOUND THEN
    RAISE invalid_parameter_value USING MESSAGE = format('tokens[%s] is not a hex-encoded device token', bad.position);
  END IF;
  IF queue_priority IS NULL OR queue_priority NOT BETWEEN -1000 AND 1000 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'queue_priority is from -1000 to 1000';
  END IF;
  IF ambiguous IS NULL OR ambiguous NOT IN ('resend', 'drop') THEN
    RAISE invalid_parameter_value USING MESSAGE = 'ambiguous is resend or drop';
  END IF;
  IF keep IS NULL OR keep NOT IN ('failures', 'all') THEN
    RAISE invalid_parameter_value USING MESSAGE = 'keep is failures or all';
  END IF;
  IF suppression IS NULL OR suppression NOT IN ('apply', 'ignore') THEN
    RAISE invalid_parameter_value USING MESSAGE = 'suppression is apply or ignore';
  END IF;
  IF give_up_ms <= coalesce(deliver_ms, 0) THEN
    RAISE invalid_parameter_value USING MESSAGE = 'give_up_after is not after deliver_after: it would never be sent';
  END IF;
  IF length(idempotency_key) NOT BETWEEN 1 AND 255 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'idempotency_key has 1 to 255 characters';
  END IF;

  content := '{"payload":' || payload::text
    || coalesce(',"pushType":' || to_json(push_type)::text, '')
    || coalesce(',"priority":' || priority::text, '')
    || coalesce(',"topic":' || to_json(topic)::text, '')
    || coalesce(',"collapseId":' || to_json(collapse_id)::text, '')
    || coalesce(',"expiration":' || floor(extract(epoch FROM expiration))::bigint::text, '')
    || '}';
  IF octet_length(content) > 65536 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'the message is longer than 64 KiB';
  END IF;

  SELECT a.id INTO the_app FROM apns_worker.apps a WHERE a.name = app;
  IF NOT FOUND THEN
    INSERT INTO apns_worker.apps (name) VALUES (app) ON CONFLICT DO NOTHING;
    SELECT a.id INTO the_app FROM apns_worker.apps a WHERE a.name = app;
  END IF;

  IF idempotency_key IS NOT NULL THEN
    digest := sha256(convert_to(json_build_array(content, queue_priority, deliver_ms, give_up_ms, ambiguous, keep,
      suppression, registered_ms, tokens)::text, 'UTF8'));
    INSERT INTO apns_worker.idempotency (app_id, key, digest, message_uuid, total, created_at)
      VALUES (the_app, idempotency_key, digest, the_uuid, total, now_ms) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      SELECT i.digest, i.message_uuid INTO known FROM apns_worker.idempotency i
        WHERE i.app_id = the_app AND i.key = idempotency_key;
      IF known.digest IS DISTINCT FROM digest THEN
        RAISE unique_violation USING MESSAGE = 'the idempotency key was used for another request';
      END IF;
      RETURN known.message_uuid;
    END IF;
  END IF;

  INSERT INTO apns_worker.messages (uuid, app_id, state, priority, drop_ambiguous, keep_all, ignore_suppression,
    registered_at, deliver_after, give_up_after, created_at, finished_at, total, content)
  VALUES (the_uuid, the_app, CASE WHEN total = 0 THEN ${MESSAGE.done} ELSE ${MESSAGE.queued} END, queue_priority,
    ambiguous = 'drop', keep = 'all', suppression = 'ignore', registered_ms, deliver_ms, give_up_ms, now_ms,
    CASE WHEN total = 0 THEN now_ms END, total, content)
  RETURNING messages.id INTO the_message;
  IF total = 0 THEN
    RETURN the_uuid;
  END IF;

  WITH t AS (
    SELECT (p.position - 1) / ${MAX_BATCH_TOKENS} AS batch, p.position, decode(p.token, 'hex') AS bytes
    FROM unnest(tokens) WITH ORDINALITY AS p (token, position)
  ), b AS (
    SELECT t.batch, count(*) AS count, min(length(t.bytes)) AS least, max(length(t.bytes)) AS most FROM t GROUP BY 1
  )
  INSERT INTO apns_worker.batches (message_id, app_id, priority, first_index, count, token_bytes, pending, state, due_at,
    give_up_at, tokens)
  SELECT the_message, the_app, queue_priority, b.batch * ${MAX_BATCH_TOKENS}, b.count,
    CASE WHEN b.least = b.most THEN b.least ELSE 0 END, b.count,
    CASE WHEN coalesce(deliver_ms, 0) <= now_ms THEN ${BATCH.ready} ELSE ${BATCH.waiting} END, coalesce(deliver_ms, 0),
    give_up_ms,
    string_agg(CASE WHEN b.least = b.most THEN t.bytes ELSE set_byte('\\x00'::bytea, 0, length(t.bytes)) || t.bytes END,
      ''::bytea ORDER BY t.position)
  FROM t JOIN b ON b.batch = t.batch GROUP BY b.batch, b.count, b.least, b.most ORDER BY b.batch;

  INSERT INTO apns_worker.depth_changes (app_id, tokens) VALUES (the_app, total);
  IF registered_ms IS NOT NULL THEN
    DELETE FROM apns_worker.suppressed s USING unnest(tokens) AS p (token)
      WHERE s.app_id = the_app AND s.token = decode(p.token, 'hex') AND s."timestamp" < registered_ms;
  END IF;
  PERFORM pg_notify('${NEWS_CHANNEL}', 'work');
  RETURN the_uuid;
END
$function$;

REVOKE EXECUTE ON FUNCTION apns_worker.enqueue FROM PUBLIC;
`
