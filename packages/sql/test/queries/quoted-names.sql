-- plan
INSERT INTO `results/daily` SELECT body AS `my ``own`` column`, `time` AS `select` FROM STREAM `a.b-c/#`
