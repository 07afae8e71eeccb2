"""The functions of the write path on PostgreSQL; see streams/stores/postgresql.py for why they are functions."""

CREATE = """
-- Takes the lock of a group, then reads an item. o_group is null when there is no such group and none is to be made.
CREATE FUNCTION streams_lock(
    p_stream text, p_group text, p_item text, p_make boolean, OUT o_group bigint, OUT o_value text, OUT o_previous
    bigint
) LANGUAGE plpgsql AS $$
BEGIN
    SELECT id INTO o_group FROM streams_group WHERE stream = p_stream AND key = p_group FOR UPDATE;
    IF NOT FOUND AND p_make THEN
        INSERT INTO streams_group (stream, key, sequence, epoch, previous_epoch, clock)
        VALUES (p_stream, p_group, 0, '', '', 0) ON CONFLICT (stream, key) DO NOTHING;
        SELECT id INTO STRICT o_group FROM streams_group WHERE stream = p_stream AND key = p_group FOR UPDATE;
    END IF;
    SELECT value::text, sequence INTO o_value, o_previous FROM streams_item WHERE group_id = o_group AND key = p_item;
END $$;

-- Moves a locked group to its next position and writes item and log.
CREATE FUNCTION streams_write(
    p_group bigint, p_item text, p_kind text, p_value text, p_previous bigint, p_now bigint, p_epoch text, p_log
    boolean, OUT o_sequence bigint, OUT o_clock bigint, OUT o_previous_epoch text
) LANGUAGE plpgsql AS $$
BEGIN
    UPDATE streams_group
    SET sequence = sequence + 1, clock = greatest(p_now, clock + 1), previous_epoch = epoch, epoch = p_epoch
    WHERE id = p_group
    RETURNING sequence, clock, previous_epoch INTO STRICT o_sequence, o_clock, o_previous_epoch;
    IF p_kind = 'create' THEN
        INSERT INTO streams_item (group_id, key, value, sequence, created)
        VALUES (p_group, p_item, p_value::json, o_sequence, o_sequence);
    ELSIF p_kind = 'update' THEN
        UPDATE streams_item SET value = p_value::json, sequence = o_sequence WHERE group_id = p_group AND key = p_item;
    ELSE
        DELETE FROM streams_item WHERE group_id = p_group AND key = p_item;
    END IF;
    IF p_log THEN
        INSERT INTO streams_change (group_id, sequence, epoch, previous_epoch, clock, kind, key, previous, value)
        VALUES (p_group, o_sequence, p_epoch, o_previous_epoch, o_clock, p_kind, p_item, p_previous, p_value::json);
    END IF;
END $$;

-- Creates or replaces an item; o_old is its value before.
CREATE FUNCTION streams_set(
    p_stream text, p_group text, p_item text, p_value text, p_now bigint, p_epoch text, p_log boolean,
    OUT o_sequence bigint, OUT o_clock bigint, OUT o_previous_epoch text, OUT o_previous bigint, OUT o_old text
) LANGUAGE plpgsql AS $$
DECLARE
    v_group bigint;
    v_kind text;
BEGIN
    SELECT l.o_group, l.o_value, l.o_previous INTO v_group, o_old, o_previous
    FROM streams_lock(p_stream, p_group, p_item, true) l;
    v_kind := CASE WHEN o_old IS NULL THEN 'create' ELSE 'update' END;
    SELECT w.o_sequence, w.o_clock, w.o_previous_epoch INTO o_sequence, o_clock, o_previous_epoch
    FROM streams_write(v_group, p_item, v_kind, p_value, o_previous, p_now, p_epoch, p_log) w;
END $$;
"""

DROP = """
DROP FUNCTION streams_set;
DROP FUNCTION streams_write;
DROP FUNCTION streams_lock;
"""
