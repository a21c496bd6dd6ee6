-- The tables of the library.
CREATE TABLE scim_resource (
  tenant       TEXT NOT NULL,
  id           TEXT NOT NULL,
  kind         TEXT NOT NULL,
  place        INTEGER PRIMARY KEY AUTOINCREMENT,      -- the order of creation
  version      INTEGER NOT NULL,
  created      INTEGER NOT NULL,                         -- milliseconds since 1970
  modified     INTEGER NOT NULL,
  user_name    TEXT,                        -- prepared by RFC 8265
  display_name TEXT,                        -- folded
  external_id  TEXT,                        -- as sent
  active       INTEGER,
  label        TEXT,                        -- what lists of members call it
  next_member  INTEGER NOT NULL DEFAULT 0,               -- the place of the next member
  claims       TEXT,                                    -- its rows of scim_unique, as JSON; NULL for none
  public       TEXT NOT NULL,                           -- what plain reads send
  hidden       TEXT,                                    -- what they do not
  search       BLOB NOT NULL,                           -- the same attributes, prepared for comparison
  UNIQUE (tenant, id)
);
CREATE UNIQUE INDEX scim_resource_user_name ON scim_resource (tenant, kind, user_name);
CREATE INDEX scim_resource_place ON scim_resource (tenant, kind, place);
CREATE INDEX scim_resource_display_name ON scim_resource (tenant, kind, display_name);
CREATE INDEX scim_resource_external_id ON scim_resource (tenant, kind, external_id);
CREATE INDEX scim_resource_active ON scim_resource (tenant, kind, active, place);
CREATE INDEX scim_resource_modified ON scim_resource (tenant, kind, modified, place);

-- Values that must be unique, but user names; `qualifier` parts names that may be equal (decision D23), '' is none,
-- any other stands behind a '='. Rows without id hold a name while groups are told apart by qualifiers.
CREATE TABLE scim_unique (
  tenant    TEXT NOT NULL,
  kind      TEXT NOT NULL,
  attribute TEXT NOT NULL,
  key       TEXT NOT NULL,
  qualifier TEXT NOT NULL,
  id        TEXT NOT NULL,
  PRIMARY KEY (tenant, kind, attribute, key, qualifier)
) WITHOUT ROWID;

-- Values of lists that are looked up by, such as emails.value; prepared.
CREATE TABLE scim_value (
  tenant    TEXT NOT NULL,
  kind      TEXT NOT NULL,
  attribute TEXT NOT NULL,
  value     TEXT NOT NULL,
  id        TEXT NOT NULL,
  PRIMARY KEY (tenant, kind, attribute, value, id)
) WITHOUT ROWID;

CREATE TABLE scim_member (
  tenant    TEXT NOT NULL,
  group_id  TEXT NOT NULL,
  member_id TEXT NOT NULL,
  place     INTEGER NOT NULL,
  PRIMARY KEY (tenant, group_id, member_id)
) WITHOUT ROWID;
CREATE INDEX scim_member_place ON scim_member (tenant, group_id, place, member_id);
CREATE INDEX scim_member_groups ON scim_member (tenant, member_id, group_id);

-- How many resources there are, in several rows so that writers do not wait for each other.
CREATE TABLE scim_count (
  tenant TEXT NOT NULL,
  kind   TEXT NOT NULL,
  shard  INTEGER NOT NULL,
  total  INTEGER NOT NULL,
  PRIMARY KEY (tenant, kind, shard)
) WITHOUT ROWID;

-- The record of changes. `sequence` is given by whoever reads first, so that none is lost when writers commit out of order.
CREATE TABLE scim_change (
  tenant   TEXT NOT NULL,
  ordinal  INTEGER PRIMARY KEY AUTOINCREMENT,
  sequence INTEGER,
  kind     TEXT NOT NULL,
  id       TEXT NOT NULL,
  what     TEXT NOT NULL,
  changed  TEXT NOT NULL, -- a JSON list of paths
  version  INTEGER NOT NULL,
  at       INTEGER NOT NULL,           -- milliseconds since 1970
  actor    TEXT NOT NULL,
  txn      TEXT NOT NULL,
  UNIQUE (tenant, ordinal)
);
CREATE INDEX scim_change_sequence ON scim_change (tenant, sequence);
CREATE INDEX scim_change_new ON scim_change (tenant, ordinal) WHERE sequence IS NULL;

CREATE TABLE scim_feed (
  tenant TEXT NOT NULL,
  last   INTEGER NOT NULL,
  PRIMARY KEY (tenant)
) WITHOUT ROWID;

-- What the planner is to believe as long as nobody has it count: that a tenant has many resources. Without this it takes
-- ten rows for all that a tenant has, and looks through them.
ANALYZE scim_resource;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('scim_resource', 'sqlite_autoindex_scim_resource_1', '1000000 100000 1'),
  ('scim_resource', 'scim_resource_user_name', '1000000 100000 50000 1'),
  ('scim_resource', 'scim_resource_place', '1000000 100000 50000 1'),
  ('scim_resource', 'scim_resource_display_name', '1000000 100000 50000 10'),
  ('scim_resource', 'scim_resource_external_id', '1000000 100000 50000 2'),
  ('scim_resource', 'scim_resource_active', '1000000 100000 50000 25000 1'),
  ('scim_resource', 'scim_resource_modified', '1000000 100000 50000 10 1'),
  ('scim_unique', 'scim_unique', '1000000 100000 50000 50000 2 1'),
  ('scim_value', 'scim_value', '1000000 100000 50000 50000 2 1'),
  ('scim_member', 'scim_member', '1000000 100000 100 1'),
  ('scim_member', 'scim_member_place', '1000000 100000 100 1 1'),
  ('scim_member', 'scim_member_groups', '1000000 100000 10 1');
ANALYZE sqlite_schema;
