import { Option } from 'commander';
import { parseCount } from '../text/option-values.js';
import { addExamples, type Declaring } from './declaration.js';

const GROUP = 'Server:';

export function declareCertificateCommands(declaring: Declaring): void {
  const { program, terminal, finish } = declaring;
  const certificates = program
    .command('certificates')
    .helpGroup(GROUP)
    .summary('a private authority and its certificates')
    .description('Certificates for TLS, for a trial or a site that has no authority of its own.');
  const command = certificates
    .command('create')
    .summary('make an authority, and certificates for the server and clients')
    .description(
      'Makes a private authority, a certificate for the server, and one for each client, whose user name it carries; ' +
        'ECDSA on P-256. Where an authority is there already, it signs what is new. Keys are readable by you alone. ' +
        'Prints the files that were written, and on standard error what to do with them.',
    )
    .argument('[directory]', 'where', 'certificates')
    .option('--host <host...>', 'name or address of the server, beside localhost, 127.0.0.1 and ::1')
    .option('--client <user...>', 'user name of a client; default: client')
    .addOption(new Option('--days <count>', 'how long they are good').argParser(parseCount).default(365))
    .option('--force', 'replace what is there, the authority too');
  addExamples(certificates, [{ command: 'millrace certificates create', does: 'All that a trial needs.' }]);
  addExamples(command, [
    {
      command: 'millrace certificates create ./broker --host broker.example.com',
      does: 'For a server that has a name.',
    },
    { command: 'millrace certificates create ./certificates --client sensor-7', does: 'With a client sensor-7.' },
  ]);
  command.action(async (directory, options) => {
    const { certificatesCreate } = await import('../commands/certificates-create.js');
    finish(await certificatesCreate(terminal, { ...options, directory }));
  });
}
