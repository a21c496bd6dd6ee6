-- How many resources there are in each stretch of 65,536 places, so that pages deep in a list are found by adding. There are
-- several rows for each, so that writers do not wait for each other.
DROP TABLE {s}scim_count;
CREATE TABLE {s}scim_count (
  tenant  TEXT COLLATE "C" NOT NULL,
  kind    TEXT COLLATE "C" NOT NULL,
  stretch BIGINT NOT NULL,
  shard   SMALLINT NOT NULL,
  total   BIGINT NOT NULL,
  PRIMARY KEY (tenant, kind, stretch, shard)
);
INSERT INTO {s}scim_count (tenant, kind, stretch, shard, total)
  SELECT r.tenant, r.kind, r.place >> 16, 0, COUNT(*) FROM {s}scim_resource r GROUP BY r.tenant, r.kind, r.place >> 16;
