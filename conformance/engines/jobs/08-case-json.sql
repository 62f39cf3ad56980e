-- CASE, coalesce, greatest: one JSON object for each message.
INSERT INTO `engine/08-case-json`
SELECT message_id AS id,
       CASE subject WHEN 'hall-1' THEN 'one' WHEN 'hall-2' THEN 'two' ELSE concat('other: ', coalesce(subject, 'none')) END AS hall,
       try_cast(body AS INT) AS value, coalesce(try_cast(body AS DOUBLE), -1) AS number,
       greatest(try_cast(body AS INT), 25) AS at_least, try_divide(100, try_cast(body AS INT)) AS share,
       if(body RLIKE '^[0-9]+$', 'digits', 'text') AS kind, durable, time IS NOT NULL AS stamped
FROM STREAM temperature
