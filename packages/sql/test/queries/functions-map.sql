-- plan
SELECT map('a', 'b') AS c0,
       map('a', body, 'c', subject) AS c1,
       properties['a'] AS c2,
       element_at(properties, 'a') AS c3,
       try_element_at(properties, body) AS c4,
       map_contains_key(properties, 'a') AS c5,
       map_concat(properties, map('x', 'y')) AS c6,
       properties.a AS c7,
       map('a', 'b')['a'] AS c8
FROM STREAM s
