"""The functions of the write path on PostgreSQL; see streams/stores/postgresql.py for why they are functions."""

CREATE = """
-- Takes the lock of a group (makes it, if p_make), then reads items (null: all). No row when there is no such group.
CREATE FUNCTION streams_lock(p_stream text, p_group text, p_items text[], p_make boolean)
RETURNS TABLE (
    o_group bigint, o_sequence bigint, o_epoch text, o_clock bigint,
    o_item text, o_value text, o_created bigint, o_item_sequence bigint
) LANGUAGE plpgsql AS $$
DECLARE
    v_group streams_group;
BEGIN
    SELECT * INTO v_group FROM streams_group WHERE stream = p_stream AND key = p_group FOR UPDATE;
    IF NOT FOUND AND p_make THEN
        INSERT INTO streams_group (stream, key, sequence, epoch, previous_epoch, clock)
        VALUES (p_stream, p_group, 0, '', '', 0) ON CONFLICT (stream, key) DO NOTHING;
        SELECT * INTO STRICT v_group FROM streams_group WHERE stream = p_stream AND key = p_group FOR UPDATE;
    END IF;
    IF v_group.id IS NOT NULL THEN
        RETURN QUERY
        SELECT v_group.id, v_group.sequence, v_group.epoch::text, v_group.clock,
               i.key::text, i.value::text, i.created, i.sequence
        FROM (SELECT 1) one
        LEFT JOIN streams_item i ON i.group_id = v_group.id AND (p_items IS NULL OR i.key = ANY (p_items))
        ORDER BY i.created;
    END IF;
END $$;

-- Stores what changes to a locked group came to: its position, items that are, items that are no more, and the log.
CREATE FUNCTION streams_keep(
    p_group bigint, p_sequence bigint, p_epoch text, p_previous_epoch text, p_clock bigint,
    p_keys text[], p_values text[], p_sequences bigint[], p_created bigint[], p_gone text[],
    l_sequences bigint[], l_epochs text[], l_previous_epochs text[], l_clocks bigint[], l_kinds text[],
    l_keys text[], l_previous bigint[], l_values text[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE streams_group
    SET sequence = p_sequence, epoch = p_epoch, previous_epoch = p_previous_epoch, clock = p_clock
    WHERE id = p_group;
    INSERT INTO streams_item (group_id, key, value, sequence, created)
    SELECT p_group, u.key, u.value::json, u.sequence, u.created
    FROM unnest(p_keys, p_values, p_sequences, p_created) AS u (key, value, sequence, created)
    ON CONFLICT (group_id, key) DO UPDATE
    SET value = excluded.value, sequence = excluded.sequence, created = excluded.created;
    IF cardinality(p_gone) > 0 THEN
        DELETE FROM streams_item WHERE group_id = p_group AND key = ANY (p_gone);
    END IF;
    INSERT INTO streams_change (group_id, sequence, epoch, previous_epoch, clock, kind, key, previous, value)
    SELECT p_group, u.sequence, u.epoch, u.previous_epoch, u.clock, u.kind, u.key, u.previous, u.value::json
    FROM unnest(l_sequences, l_epochs, l_previous_epochs, l_clocks, l_kinds, l_keys, l_previous, l_values)
        AS u (sequence, epoch, previous_epoch, clock, kind, key, previous, value);
END $$;

-- Creates or replaces one item in one call; o_old is its value before.
CREATE FUNCTION streams_set(
    p_stream text, p_group text, p_item text, p_value text, p_now bigint, p_epoch text, p_log boolean,
    OUT o_sequence bigint, OUT o_clock bigint, OUT o_previous_epoch text, OUT o_previous bigint, OUT o_old text
) LANGUAGE plpgsql AS $$
DECLARE
    v_group bigint;
BEGIN
    LOOP
        UPDATE streams_group
        SET sequence = sequence + 1, clock = greatest(p_now, clock + 1), previous_epoch = epoch, epoch = p_epoch
        WHERE stream = p_stream AND key = p_group
        RETURNING id, sequence, clock, previous_epoch INTO v_group, o_sequence, o_clock, o_previous_epoch;
        EXIT WHEN FOUND;
        INSERT INTO streams_group (stream, key, sequence, epoch, previous_epoch, clock)
        VALUES (p_stream, p_group, 0, '', '', 0) ON CONFLICT (stream, key) DO NOTHING;
    END LOOP;
    SELECT value::text, sequence INTO o_old, o_previous FROM streams_item WHERE group_id = v_group AND key = p_item;
    IF o_old IS NULL THEN
        INSERT INTO streams_item (group_id, key, value, sequence, created)
        VALUES (v_group, p_item, p_value::json, o_sequence, o_sequence);
    ELSE
        UPDATE streams_item SET value = p_value::json, sequence = o_sequence WHERE group_id = v_group AND key = p_item;
    END IF;
    IF p_log THEN
        INSERT INTO streams_change (group_id, sequence, epoch, previous_epoch, clock, kind, key, previous, value)
        VALUES (
            v_group, o_sequence, p_epoch, o_previous_epoch, o_clock,
            CASE WHEN o_old IS NULL THEN 'create' ELSE 'update' END, p_item, o_previous, p_value::json
        );
    END IF;
END $$;
"""

DROP = """
DROP FUNCTION streams_set;
DROP FUNCTION streams_keep;
DROP FUNCTION streams_lock;
"""
