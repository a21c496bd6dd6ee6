-- How many resources there are in each stretch of 65,536 places, so that pages deep in a list are found by adding. There are
-- several rows for each, so that writers do not wait for each other.
DROP TABLE scim_count;
CREATE TABLE scim_count (
  tenant  TEXT NOT NULL,
  kind    TEXT NOT NULL,
  stretch INTEGER NOT NULL,
  shard   INTEGER NOT NULL,
  total   INTEGER NOT NULL,
  PRIMARY KEY (tenant, kind, stretch, shard)
) WITHOUT ROWID;
INSERT INTO scim_count (tenant, kind, stretch, shard, total)
  SELECT r.tenant, r.kind, r.place >> 16, 0, COUNT(*) FROM scim_resource r GROUP BY r.tenant, r.kind, r.place >> 16;
