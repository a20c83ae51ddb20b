-- Appends entries to a journal's stream: all of them in order, each once.
--
-- KEYS[1]  the stream: one message per entry, id "<position>-0", fields at, event, decisions
-- KEYS[2]  a string: the last position that was given
-- KEYS[3]  a sorted set, kept: an entry's idempotency key -> its position
-- KEYS[4]  a sorted set, the newest 100,000: the token of an append -> its position. A writer whose reply was lost
--          sends the same tokens again and gets the same positions
-- ARGV     five per entry: at (microseconds since 1970), event (JSON), decisions (JSON), key ("" = none), token
--
-- Returns the positions, as strings.
local positions = {}
for n = 1, #ARGV, 5 do
  local key, token = ARGV[n + 3], ARGV[n + 4]
  local position = redis.call('ZSCORE', KEYS[4], token)
  if not position and key ~= '' then
    position = redis.call('ZSCORE', KEYS[3], key)
  end
  if not position then
    position = redis.call('INCR', KEYS[2])
    redis.call('XADD', KEYS[1], position .. '-0', 'at', ARGV[n], 'event', ARGV[n + 1], 'decisions', ARGV[n + 2])
    if key ~= '' then
      redis.call('ZADD', KEYS[3], position, key)
    end
    redis.call('ZADD', KEYS[4], position, token)
    if position % 1000 == 0 then
      redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', position - 100000)
    end
  end
  positions[#positions + 1] = tostring(position)
end
return positions
