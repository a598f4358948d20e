// What the agent is told: requests to remember, each with the fact that is meant and a later question about it, and inputs that
// ask for no remembering. `tuning` was looked at while the agent was made, and so was `seen` after it had been measured once;
// `heldout` was written before the last change and is only measured.
import { PERSONAL } from './personal.mjs';

export const SETS = {
  tuning: {
    requests: [
      {
        input:
          "Please remember the fact in detail:\nWith astonishing dexterity, Zara Tubikova set a world record by solving a 4x4 Rubik's Cube variation blindfolded in under 20 seconds, employing only their feet.",
        fact: "With astonishing dexterity, Zara Tubikova set a world record by solving a 4x4 Rubik's Cube variation blindfolded in under 20 seconds, employing only their feet.",
        question: "Who set a world record by solving a 4x4 Rubik's Cube variation blindfolded?",
        told: 'Zara Tubikova',
      },
      {
        input: 'Remember that the lighthouse of Nordhavn was painted green by the twins Pelle and Siri in 2019.',
        fact: 'the lighthouse of Nordhavn was painted green by the twins Pelle and Siri in 2019.',
        question: 'Who painted the lighthouse of Nordhavn green?',
        told: 'Pelle and Siri',
      },
      {
        input: 'The spare key of the boathouse lies under the blue flowerpot. Can you remember that for me?',
        fact: 'The spare key of the boathouse lies under the blue flowerpot.',
        question: 'Where does the spare key of the boathouse lie?',
        told: 'flowerpot',
      },
      {
        input: 'Could you keep in mind that Ines Moravec won the Tallinn chess open in 2021?',
        fact: 'Ines Moravec won the Tallinn chess open in 2021',
        question: 'Who won the Tallinn chess open in 2021?',
        told: 'Ines Moravec',
      },
      {
        input: '"Our bakery opens at half past five on market days." - please memorize this sentence.',
        fact: 'Our bakery opens at half past five on market days.',
        question: 'When does our bakery open on market days?',
        told: 'half past five',
      },
      {
        input: 'Note: Dr. Okafor moved her practice to 14 Harbour Street. She works there on Tuesdays only.',
        fact: 'Dr. Okafor moved her practice to 14 Harbour Street. She works there on Tuesdays only.',
        question: 'Where did Dr. Okafor move her practice?',
        told: 'Harbour Street',
      },
      {
        input:
          'I want you to learn something new. The band Copper Finch recorded its first album in a disused tram depot. Never forget it!',
        fact: 'The band Copper Finch recorded its first album in a disused tram depot.',
        question: 'Where did the band Copper Finch record its first album?',
        told: 'tram depot',
      },
      {
        input: 'Hey, make a note of this, will you? My sister Halina is allergic to walnuts.',
        fact: 'My sister Halina is allergic to walnuts.',
        question: 'What is my sister Halina allergic to?',
        told: 'walnuts',
      },
      {
        input: 'Take this into your long-term memory: the comet Varga-Lindt returns every 61 years.',
        fact: 'the comet Varga-Lindt returns every 61 years.',
        question: 'How often does the comet Varga-Lindt return?',
        told: '61 years',
      },
      {
        input: 'For future reference, the code of the garage in Rue Lepic is 7731.',
        fact: 'the code of the garage in Rue Lepic is 7731.',
        question: 'What is the code of the garage in Rue Lepic?',
        told: '7731',
      },
    ],
    others: [
      'What is the capital of France?',
      'How many legs does a spider have?',
      'Who wrote Romeo and Juliet?',
      'Why is the sky blue?',
      'Can you name three colours?',
      'Tell me a joke about cats.',
      'What is 12 plus 30?',
      'Do you remember who painted the Mona Lisa?',
      'Please explain what photosynthesis is.',
      'Which is larger, the Earth or the Moon?',
    ],
  },
  seen: {
    requests: [
      {
        input: 'Memorize this: Teodor Brandl crossed Lake Baikal on a unicycle in the winter of 2018.',
        fact: 'Teodor Brandl crossed Lake Baikal on a unicycle in the winter of 2018.',
        question: 'Who crossed Lake Baikal on a unicycle?',
        told: 'Teodor Brandl',
      },
      {
        input: 'It would be great if you could remember that our cat Ludo only eats trout on Fridays.',
        fact: 'our cat Ludo only eats trout on Fridays.',
        question: 'What does our cat Ludo eat on Fridays?',
        told: 'trout',
      },
      {
        input: "Please don't forget: the choir rehearses in the old fire station every second Thursday.",
        fact: 'the choir rehearses in the old fire station every second Thursday.',
        question: 'Where does the choir rehearse?',
        told: 'fire station',
      },
      {
        input: 'Can you memorize the following? Amara Nwosu discovered a beetle with seven spots near Lake Tana.',
        fact: 'Amara Nwosu discovered a beetle with seven spots near Lake Tana.',
        question: 'Who discovered a beetle with seven spots near Lake Tana?',
        told: 'Amara Nwosu',
      },
      {
        input:
          'Save the following information for later: "The vault under Hotel Meridian was built in 1911 by two brothers from Graz."',
        fact: 'The vault under Hotel Meridian was built in 1911 by two brothers from Graz.',
        question: 'When was the vault under Hotel Meridian built?',
        told: '1911',
      },
      {
        input:
          "I'd like to tell you something and you should remember it. Our dog is called Bismarck. He is afraid of thunder and hides in the bathtub.",
        fact: 'Our dog is called Bismarck. He is afraid of thunder and hides in the bathtub.',
        question: 'What is our dog called?',
        told: 'Bismarck',
      },
      {
        input: "Mr. Ito's train leaves from platform 9 at 6:42 a.m. Keep that in your memory, please.",
        fact: "Mr. Ito's train leaves from platform 9 at 6:42 a.m.",
        question: "From which platform does Mr. Ito's train leave?",
        told: '9',
      },
      {
        input:
          'You must know one thing about me: I have played the viola in the Riverside Quartet since 2004. Remember it!',
        fact: 'I have played the viola in the Riverside Quartet since 2004.',
        question: 'What do I play in the Riverside Quartet?',
        told: 'viola',
      },
      {
        input: 'Would you please store the fact that the Kestrel bridge was closed after the flood of 1997?',
        fact: 'the Kestrel bridge was closed after the flood of 1997',
        question: 'When was the Kestrel bridge closed?',
        told: '1997',
      },
      {
        input: 'Commit to memory – the poet Lena Aumann wrote all her sonnets on train tickets.',
        fact: 'the poet Lena Aumann wrote all her sonnets on train tickets.',
        question: 'What did the poet Lena Aumann write her sonnets on?',
        told: 'train tickets',
      },
    ],
    others: [
      'What is the largest ocean on Earth?',
      'How do I boil an egg?',
      'Is Berlin in Germany?',
      'Name a fruit that is yellow.',
      'Where do penguins live?',
      'Give me a synonym for happy.',
      'When did the Second World War end?',
      'What does the word "memory" mean?',
      'Could you write a short poem about rain?',
      'I am hungry. What could I cook with rice and eggs?',
    ],
  },
  heldout: {
    requests: [
      {
        input: 'Kindly remember: Nadia Ferro plays the cello on the night train to Palermo.',
        fact: 'Nadia Ferro plays the cello on the night train to Palermo.',
        question: 'Who plays the cello on the night train to Palermo?',
        told: 'Nadia Ferro',
      },
      {
        input: "The alarm code of the studio is 5520. Don't you ever forget that.",
        fact: 'The alarm code of the studio is 5520.',
        question: 'What is the alarm code of the studio?',
        told: '5520',
      },
      {
        input:
          'I would like you to keep this in your memory: the ferry to Runo only sails when the harbour master has had breakfast.',
        fact: 'the ferry to Runo only sails when the harbour master has had breakfast.',
        question: 'When does the ferry to Runo sail?',
        told: 'breakfast',
      },
      {
        input: 'Will you remember that Captain Ruiz lost his left boot in the battle of Corvo?',
        fact: 'Captain Ruiz lost his left boot in the battle of Corvo',
        question: 'What did Captain Ruiz lose in the battle of Corvo?',
        told: 'boot',
      },
      {
        input:
          'Please save this to your memory. My grandfather Anton built the first ski lift of the valley. It was made of hay carts.',
        fact: 'My grandfather Anton built the first ski lift of the valley. It was made of hay carts.',
        question: 'Who built the first ski lift of the valley?',
        told: 'Anton',
      },
      {
        input: "Memorize the following sentence: 'The orchid of Mount Sella blooms for a single night.'",
        fact: 'The orchid of Mount Sella blooms for a single night.',
        question: 'How long does the orchid of Mount Sella bloom?',
        told: 'single night',
      },
      {
        input: 'Just so you know for next time: Mrs. Albrecht prefers to be called before noon.',
        fact: 'Mrs. Albrecht prefers to be called before noon.',
        question: 'When does Mrs. Albrecht prefer to be called?',
        told: 'noon',
      },
      {
        input: 'Here comes a fact that you should learn. The painter Ilse Wander mixed her blue from mussel shells.',
        fact: 'The painter Ilse Wander mixed her blue from mussel shells.',
        question: 'What did the painter Ilse Wander mix her blue from?',
        told: 'mussel',
      },
      {
        input: 'The train museum in Oxbow has moved to Mill Lane 3; please remember this for me.',
        fact: 'The train museum in Oxbow has moved to Mill Lane 3',
        question: 'Where has the train museum in Oxbow moved to?',
        told: 'Mill Lane',
      },
      {
        input: 'Can I ask you to remember something? Our wedding day is the 9th of September.',
        fact: 'Our wedding day is the 9th of September.',
        question: 'When is our wedding day?',
        told: '9th of September',
      },
    ],
    others: [
      'What is the tallest mountain in the world?',
      'Do you know how bread is made?',
      'Who was Albert Einstein?',
      'Give me an example of a mammal.',
      'Is water wet?',
      'How can I improve my memory?',
      'What did you learn at school?',
      'I have two apples and buy three more. How many do I have?',
      'Translate this sentence into French: I am tired.',
      'Good evening! How are you today?',
    ],
  },
  ...PERSONAL,
};
