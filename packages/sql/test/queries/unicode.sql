-- plan
SELECT '°C – ☃ 😀' AS `größe` FROM STREAM s WHERE body = 'ä'
