-- The main job.
INSERT INTO `engine/01-max`
SELECT CAST(max(try_cast(body AS INT)) AS STRING) AS body,
       map('window_start', CAST(window.start AS STRING), 'window_end', CAST(window.end AS STRING),
           'readings', CAST(count(*) AS STRING)) AS properties
FROM STREAM temperature
GROUP BY window(time, '2 seconds')
