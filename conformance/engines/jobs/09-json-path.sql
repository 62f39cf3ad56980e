-- A JSON body read by paths.
INSERT INTO `engine/09-json-path`
SELECT get_json_object(body, '$.device') AS device, get_json_object(body, '$.position.x') AS x,
       get_json_object(body, '$.tags[1]') AS tag, get_json_object(body, '$.position') AS position,
       try_cast(get_json_object(body, '$.celsius') AS DECIMAL(5, 1)) AS celsius, get_json_object(body, '$.none') AS nothing
FROM STREAM readings
WHERE get_json_object(body, '$.device') IS NOT NULL
