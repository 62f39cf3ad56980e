-- Functions of text.
INSERT INTO `engine/12-text`
SELECT meter, upper(site) AS site, length(site) AS size, substring(site, 2, 3) AS part, replace(site, ' ', '_') AS joined,
       split_part(meter, '-', 2) AS number, lpad(split_part(meter, '-', 2), 4, '0') AS padded, reverse(meter) AS reversed,
       regexp_replace(site, '[aeiou]', '*') AS masked, instr(site, 'a') AS first_a, trim(site) AS trimmed, md5(CAST(meter AS BINARY)) AS digest,
       hex(site) AS bytes, startswith(meter, 'M') AS is_meter, site LIKE '%"%' AS quoted
FROM STREAM meters
