/** Apache ActiveMQ Artemis, as a broker for tests and figures. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Puts it into .cache, once, by Maven and unzip.
 *
 * @param say takes a line about what is done
 * @returns where it is. The newest archive that Maven Central has as a distribution; the file is checked by Maven.
 */
export function installArtemis(say) {
  const version = '2.40.0';
  const cache = join(import.meta.dirname, '..', '.cache', 'artemis');
  const home = join(cache, `apache-artemis-${version}`);
  if (existsSync(join(home, 'bin', 'artemis'))) return home;
  say(`fetching Artemis ${version} from Maven Central …`);
  mkdirSync(cache, { recursive: true });
  writeFileSync(
    join(cache, 'pom.xml'),
    `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>dev.millrace</groupId><artifactId>artemis</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies><dependency>
    <groupId>org.apache.activemq</groupId><artifactId>apache-artemis</artifactId><version>${version}</version>
    <type>zip</type><classifier>bin</classifier>
  </dependency></dependencies>
</project>
`,
  );
  const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';
  for (const [command, ...args] of [
    ['mvn', '-q', '-B', plugin, '-DexcludeTransitive=true', `-DoutputDirectory=${cache}`],
    ['unzip', '-q', '-o', join(cache, `apache-artemis-${version}-bin.zip`), '-d', cache],
  ]) {
    const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: cache, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? `${stdout}${stderr}`.trim()}`);
  }
  return home;
}
