-- Each row to an address of its own, without windows.
INSERT INTO `engine/07-routing`
SELECT CASE WHEN try_cast(body AS INT) >= 30 THEN 'engine/07-hot'
            WHEN try_cast(body AS INT) < 10 THEN 'engine/07-cold' END AS address,
       body, subject, 7 AS priority, map('line', properties.line, 'from', address) AS properties
FROM STREAM temperature
