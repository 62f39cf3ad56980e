-- plan
SELECT s.body, s.properties['unit'] AS unit, s.properties.room AS room FROM STREAM s
