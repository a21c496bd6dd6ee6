-- Licences: how many a tenant has, and who has one. The table itself refuses more than there are.
CREATE TABLE {s}scim_seat_pool (
  tenant TEXT COLLATE "C" NOT NULL,
  bought BIGINT NOT NULL CHECK (bought >= 0),
  used   BIGINT NOT NULL DEFAULT 0,
  most   BIGINT NOT NULL, -- what was bought, or what was used when that became fewer
  PRIMARY KEY (tenant),
  CHECK (used >= 0 AND used <= most)
);

CREATE TABLE {s}scim_seat (
  tenant TEXT COLLATE "C" NOT NULL,
  id     TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, id)
);
